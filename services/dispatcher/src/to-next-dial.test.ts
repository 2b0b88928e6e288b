import { expect, test } from 'vitest';
import { toNextDialAt } from './to-next-dial.ts';

const now = new Date('2026-11-24T12:00:00Z');
const after = (seconds: number): Date => new Date(now.getTime() + seconds * 1_000);

test.each([
  ['nobody was dialled yet', null, null, null],
  ['the pace holds', 1, -0.1, 1],
  ['a dial was permitted for a time that is still to come', 1.08, 0.08, 1.08],
  ['the pace is over', -5, -6, -5],
  ['after a restore, calls that nobody knows', 400, -6, 400],
  ['the clock was set back by an hour', 3_600, 3_599, null],
  ['the clock was set back by seconds', 3, 2, null],
  ['after a restore, and the clock was set back by a minute', 400, 60, 400],
])('%s', (_name, nextS, sentS, expectedS) => {
  const at = (seconds: number | null): Date | null => (seconds === null ? null : after(seconds));
  expect(toNextDialAt({ nextDialAt: at(nextS), lastSentAt: at(sentS) }, now)).toEqual(at(expectedS));
});
