import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { globSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { createProgram } from './create-program.ts';

const repository = join(import.meta.dirname, '../../..');
const texts = globSync(['*.md', 'docs/**/*.md', 'deploy/**/*.{yaml,yml,md}', 'services/*/src/**/*.ts'], {
  cwd: repository,
  exclude: (path) => path.includes('node_modules'),
});

/** Each command as it is written between backticks or alone on a line of a code block. */
function commandsOf(text: string): string[] {
  const written = text.matchAll(
    /`(?:npm run -s )?leadline (?:-- )?([^`]*)`|^\s*(?:\$ )?(?:npm run -s )?leadline (?:-- )?([^\n]*)$/gm,
  );
  return [...written].map(([, inline, line]) => inline ?? line ?? '').filter((words) => /^[a-z]/.test(words));
}

/** What is wrong with it; undefined when the program has it. */
function problemOf(program: CommandUnknownOpts, written: string): string | undefined {
  let at = program;
  for (const word of written.replaceAll(/\s+/g, ' ').split(' ')) {
    const next = at.commands.find((command) => command.name() === word);
    if (next !== undefined) at = next;
    else if (word.startsWith('--')) {
      const flag = word.replace(/[^a-z-].*$/, '');
      const known = [...program.options, ...at.options].some(
        ({ long, negate }) => long === flag || (negate && long === flag),
      );
      if (!known && flag !== '--help' && flag !== '--version') return `no option ${flag}`;
    } else if (at.commands.length > 0 && /^[a-z]/.test(word)) return `no command ${word}`;
  }
  return undefined;
}

test('each command that a document, an alert or a message names is there', async () => {
  const program = await createProgram(undefined);
  const documented = texts.flatMap((path) =>
    commandsOf(readFileSync(join(repository, path), 'utf8')).map((written) => ({ path: relative('.', path), written })),
  );
  expect(documented.length).toBeGreaterThan(60);
  const wrong = documented
    .map((row) => ({ ...row, problem: problemOf(program, row.written) }))
    .filter(({ problem }) => problem !== undefined);
  expect(wrong).toEqual([]);
});
