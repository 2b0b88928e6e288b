import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];
export type Paint = (format: Format, text: string) => string;

/** One that stops reading (`leadline tail | head`) has what it wanted. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

const isColourful = styleText('red', 'x') !== 'x';

/** Colour only on a terminal, unless NO_COLOR or FORCE_COLOR says otherwise. */
export const paint: Paint = (format, text) => (isColourful ? styleText(format, text, { validateStream: false }) : text);

/** One line on standard output: what was asked for. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** JSON for jq: one document. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** One line on standard error: everything else. */
export function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Whether somebody is there who can answer a question. */
export function isAttended(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}
