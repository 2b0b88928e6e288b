import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];
export type Paint = (format: Format, text: string) => string;

/** A reader that stops (`leadline tail | head`) has got what it wanted. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

const isColourful = styleText('red', 'x') !== 'x';

/** Colours only on a terminal, unless NO_COLOR or FORCE_COLOR decides. */
export const paint: Paint = (format, text) => (isColourful ? styleText(format, text, { validateStream: false }) : text);

/** Prints a line of the result on standard output. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** JSON for jq: one document. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** Prints any other line on standard error. */
export function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Whether a person is there to answer a question. */
export function isAttended(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}
