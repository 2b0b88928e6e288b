import { existsSync, globSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { anchorsIn, documents, linksIn, readText, repository } from './read-documents.ts';

/** Why a link leads nowhere; undefined where it leads somewhere, or out of the repository. */
function faultOf(document: string, link: string): string | undefined {
  if (/^[a-z]+:/.test(link)) return undefined;
  const [path = '', heading] = link.split('#');
  const target = path === '' ? document : normalize(join(dirname(document), path));
  if (!existsSync(join(repository, target))) return `there is no ${target}`;
  if (heading === undefined || anchorsIn(readText(target)).includes(heading)) return undefined;
  return `${target} has no heading ${heading}`;
}

test('each link and picture in a document leads to a file, and to a heading that it has', () => {
  const links = documents.flatMap((document) => linksIn(readText(document)).map((link) => ({ document, link })));
  expect(links.length).toBeGreaterThan(50);
  const broken = links.map((found) => ({ ...found, fault: faultOf(found.document, found.link) }));
  expect(broken.filter(({ fault }) => fault !== undefined)).toEqual([]);
});

test('a missing picture, file or heading is seen', () => {
  const faults = linksIn('![Today](pictures/none.png) [x](none.md) [y](#no-heading) `[z](code.md)`').map((link) =>
    faultOf('README.md', link),
  );
  expect(faults).toEqual([
    'there is no pictures/none.png',
    'there is no none.md',
    'README.md has no heading no-heading',
  ]);
});

test('each picture is shown in a document', () => {
  const shown = documents.flatMap((document) =>
    linksIn(readText(document)).map((link) => normalize(join(dirname(document), link))),
  );
  expect(globSync('docs/pictures/*', { cwd: repository }).filter((picture) => !shown.includes(picture))).toEqual([]);
});

/** An applied migration is never changed, so its hint keeps the name that the document had. */
const kept = ['packages/database/src/migrations/0001-first-schema.ts'];

test('each document that code, a message or a manifest names is there', () => {
  const sources = globSync('{deploy,packages,services,test}/**/*.{ts,js,mjs,yaml,yml,sh,env,conf}', {
    cwd: repository,
    exclude: (path) => path.includes('node_modules'),
  }).filter((path) => !kept.includes(path));
  const named = [...sources, ...documents].flatMap((path) =>
    [...readText(path).matchAll(/(?<![\w/.])docs\/[\w/-]+\.md/g)].map(([document]) => ({ path, document })),
  );
  expect(named.length).toBeGreaterThan(15);
  expect(named.filter(({ document }) => !existsSync(join(repository, document)))).toEqual([]);
});

/** What was so on a day is not changed later. */
const dated = /^docs\/results\/\d|^CHANGELOG/;

test('each file that a document names in code is there', () => {
  const named = documents
    .filter((path) => !dated.test(path))
    .flatMap((path) =>
      [...readText(path).matchAll(/`((?:packages|services|test|deploy|findings)\/[\w./-]+\.\w+)`/g)].map(
        ([, file = '']) => ({
          path,
          file,
        }),
      ),
    );
  expect(named.length).toBeGreaterThan(40);
  expect(named.filter(({ file }) => !existsSync(join(repository, file)))).toEqual([]);
});
