import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/** A log of the simulated far systems: JSON lines, append-only. Tests trust it rather than our database. */
export function openLogFile(path: string): (line: Record<string, unknown>) => void {
  mkdirSync(dirname(path), { recursive: true });
  return (line) => appendFileSync(path, `${JSON.stringify({ at: new Date().toISOString(), ...line })}\n`);
}
