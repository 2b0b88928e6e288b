import { globSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readText, repository } from './read-documents.ts';

const decisions = globSync('docs/decisions/0*.md', { cwd: repository }).toSorted();
const titleOf = (text: string): string => /^# (.+)\n/.exec(text)?.[1] ?? '';

test('decisions are numbered without a gap', () => {
  expect(decisions.map((path) => Number(/\/(\d{4})-[\w-]+\.md$/.exec(path)?.[1]))).toEqual(
    decisions.map((_path, index) => index + 1),
  );
});

test.for(decisions)('%s has a date, a status and its four parts in their order', (path) => {
  const text = readText(path);
  expect(text).toMatch(/^# [A-Z].+\n\n\d{1,2} [A-Z][a-z]+ \d{4} · (accepted|replaced by \[)/);
  const parts = [...text.matchAll(/^\*\*(Context|Decision|Consequences|What we gave up)\.\*\*/gm)].map(
    ([, part]) => part,
  );
  expect(parts).toEqual(['Context', 'Decision', 'Consequences', 'What we gave up']);
});

test('the list of decisions has each of them, under its title', () => {
  const listed = [...readText('docs/decisions/README.md').matchAll(/^\d+\. \[(.+)\]\((.+)\)$/gm)];
  expect(listed.map(([, title, file]) => [title, `docs/decisions/${file}`])).toEqual(
    decisions.map((path) => [titleOf(readText(path)), path]),
  );
});
