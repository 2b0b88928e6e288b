import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { outbound, routes } from './routes.ts';

const repository = join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(repository, file), 'utf8');
const files = (...patterns: string[]): string[] =>
  globSync(patterns, { cwd: repository, exclude: (path) => /node_modules|\.leadline|\.git$/.test(path) }).filter(
    (file) => !file.endsWith('.test.ts'),
  );

test('every route of the services is in the table with who may use it, and the table names no other', () => {
  const found: string[] = [];
  for (const file of files('services/*/src/**/*.ts', 'packages/service-kit/src/**/*.ts')) {
    const [, service = ''] = file.split(/[\\/]/);
    for (const [, method = '', path = ''] of read(file).matchAll(
      /\bapp\.(get|post|put|patch|delete|options|all)\(\s*['"`]([^'"`]+)/g,
    )) {
      found.push(`${service} ${method.toUpperCase()} ${path}`);
    }
  }
  expect(found.toSorted()).toEqual(
    routes.map(({ service, method, path }) => `${service} ${method} ${path}`).toSorted(),
  );
});

test('connections of our own go only where the configuration says', () => {
  const opens = /\bfetch(?:er)?\(|from 'node:(?:net|http|https|tls|dgram)'|new WebSocket|await connect\(/;
  const found = files(
    'services/*/src/**/*.ts',
    'packages/{agent-kit,contracts,database,messaging,service-kit,telephony}/src/**/*.ts',
  ).filter((file) =>
    opens.test(
      read(file)
        .replaceAll(/^import type .*$/gm, '')
        .replace("import type { AddressInfo } from 'node:net';", ''),
    ),
  );
  expect(found.toSorted()).toEqual(Object.keys(outbound).toSorted());
});

test('no secret stands in the repository', () => {
  const shapes: readonly (readonly [what: string, shape: RegExp])[] = [
    ['a private key', /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/],
    ['a cloud key', /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/],
    ['a token of a code host', /\b(?:gh[pousr]_\w{36}|glpat-[\w-]{20})/],
    ['a key of a model or a messenger', /\b(?:sk-[A-Za-z0-9]{32,}|xox[abprs]-[\w-]{10,})/],
    ['a signed token', /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}/],
    [
      'a password in a URL',
      /\b(?:postgres|postgresql|nats|https?):\/\/[^\s:/'"`$<{]+:(?!bench|test|faults|secret|password|…|\.\.\.)[^\s@'"`$<{]{8,}@/,
    ],
  ];
  const all = files('**/*.{ts,mjs,js,json,md,yaml,yml,sql,sh}', '.ci/run', 'Dockerfile');
  expect(all.length).toBeGreaterThan(200);
  const found = all.flatMap((file) => {
    const text = read(file);
    return shapes.filter(([, shape]) => shape.test(text)).map(([what]) => `${what} in ${file}`);
  });
  expect(found).toEqual([]);
});
