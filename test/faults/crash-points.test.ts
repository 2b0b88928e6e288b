import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const repository = join(import.meta.dirname, '../..');
const points = readFileSync(join(import.meta.dirname, 'crash-points.ts'), 'utf8');
/** The statements at which services are killed, each as a pattern in the file above. */
const statements = [...points.matchAll(/\/((?:insert into|update|set) [^/]+)\/\)/g)].map(([, text = '']) => text);
const sources = globSync(['services/*/src/**/*.ts', 'packages/messaging/src/**/*.ts'], { cwd: repository })
  .filter((file) => !file.endsWith('.test.ts'))
  .map((file) => readFileSync(join(repository, file), 'utf8'))
  .join('\n');
const outboxes = ['ingest', 'dispatcher'].map((service) => sources.replaceAll('${table}', `${service}_outbox`));

test('the statements of the crash points are found', () => {
  expect(statements.length).toBeGreaterThan(10);
});

test.for([...new Set(statements)])('a service sends "%s", so that its crash point is reached', (statement) => {
  expect(outboxes.some((text) => new RegExp(statement).test(text))).toBe(true);
});
