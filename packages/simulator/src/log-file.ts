import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/** A log of the far world: JSON lines, only ever appended. Tests believe it, not our database. */
export function openLogFile(path: string): (line: Record<string, unknown>) => void {
  mkdirSync(dirname(path), { recursive: true });
  return (line) => appendFileSync(path, `${JSON.stringify({ at: new Date().toISOString(), ...line })}\n`);
}
