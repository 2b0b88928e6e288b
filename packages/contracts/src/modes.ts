import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toMode, type Mode } from './mode.ts';

const shipped = join(import.meta.dirname, '../modes');

/**
 * The modes in a folder, one JSON Schema a file, by name.
 * @throws Error that names the file and what is wrong with it
 */
export function readModes(folder: string): Map<string, Mode> {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .toSorted();
  return new Map(
    files.map((file) => {
      const mode = toMode(file, readFileSync(join(folder, file), 'utf8'));
      return [mode.name, mode];
    }),
  );
}

/** Why MODES_DIR cannot be used; undefined where it can, or is not set. The settings tell it: a process starts with none. */
export function faultOfModes(folder: string): string | undefined {
  try {
    readModes(folder);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

// oxlint-disable-next-line node/no-process-env -- the contracts themselves list the modes; readConfig checks the same folder
const added = process.env['MODES_DIR'] ?? '';

/**
 * The modes of this process: those that come with Leadline, and those in the folder MODES_DIR, which replace others of
 * their name. They are read once, when the process starts.
 */
export const modes: ReadonlyMap<string, Mode> = new Map([
  ...readModes(shipped),
  ...(added === '' || faultOfModes(added) !== undefined ? [] : readModes(added)),
]);

/** What people call an answer: the mode’s title for it, else its key in words. */
export function toAnswerTitle(key: string): string {
  const titled = [...modes.values()].find((mode) => mode.properties[key]?.title !== undefined);
  const words = titled?.properties[key]?.title ?? key.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
