import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const repository = join(import.meta.dirname, '../..');

/** Every Markdown file of the repository, by its path from the root. */
export const documents = globSync(['*.md', '{deploy,docs,findings,packages,services,test}/**/*.md'], {
  cwd: repository,
  exclude: (path) => path.includes('node_modules'),
}).toSorted();

export const readText = (path: string): string => readFileSync(join(repository, path), 'utf8');

const code = /```.*?```|`[^`\n]*`/gs;

/** Where the links and pictures of a document lead, as written; what stands in code is none. */
export function linksIn(text: string): string[] {
  return [...text.replaceAll(code, '').matchAll(/\]\(([^)\s]+)\)/g)].map(([, to = '']) => to);
}

/** The names that GitHub gives a document's headings: lower case, spaces as hyphens, without other signs. */
export function anchorsIn(text: string): string[] {
  const seen = new Map<string, number>();
  return [...text.replaceAll(/```.*?```/gs, '').matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => {
    const name = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');
    const before = seen.get(name) ?? 0;
    seen.set(name, before + 1);
    return before === 0 ? name : `${name}-${before}`;
  });
}
