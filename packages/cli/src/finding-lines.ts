import type { Finding } from './finding.ts';
import { paint } from './terminal.ts';

const signs = { good: paint('green', '✓'), note: paint('yellow', '!'), bad: paint('red', '✗') };

/** A finding for people: what was found, and below it what to do. */
export function toFindingLines({ about, verdict, found, fix }: Finding): string {
  const line = `${signs[verdict]} ${about.padEnd(24)} ${found}`;
  return fix === undefined ? line : `${line}\n    ${paint('dim', `→ ${fix}`)}`;
}
