import { readAnsweredBy, type AnsweredByCategory } from './answered-by.ts';
import { toAsciiDigits } from './ascii-digits.ts';
import { cutText } from './plain-text.ts';
import { textsIn } from './read-outcome.ts';
import { toAnswerText } from './to-answers.ts';
import { readWish } from './to-wish.ts';

type Told = Record<'category' | 'afterMs' | 'detail' | 'messageLeft', unknown>;
export type AnsweredBy = {
  category: AnsweredByCategory;
  /** How long after the answer the agent knew. */
  afterMs: number | null;
  /** In words of the detector, or of what was heard. */
  detail: string | null;
  messageLeft: boolean;
};
type Fault = { field: keyof Told; outcome: 'dropped' | 'guessed'; detail: string };

/** Longer than any call. */
const longestAfterMs = 86_400_000;
const maxDetailCharacters = 300;

/** Reads who took a call, each field by itself, in whatever a program or a language model writes; never throws. */
export function toAnsweredBy(told: Told): { answeredBy: AnsweredBy; faults: Fault[] } {
  const faults: Fault[] = [];
  const category = textsIn(told.category).flatMap((text) => readAnsweredBy(text) ?? [])[0];
  // Nobody is taken for a machine by mistake.
  if (category === undefined) {
    faults.push({ field: 'category', outcome: 'dropped', detail: 'no category we know; taken as uncertain' });
  }
  const after = toAnswerText(told.afterMs);
  const afterMs = readMs(after);
  if (after !== '' && afterMs === null)
    faults.push({ field: 'afterMs', outcome: 'dropped', detail: 'can not be read' });
  const detail = cutText(toAnswerText(told.detail), maxDetailCharacters);
  const left = readWish(told.messageLeft);
  // A second message is worse than none.
  if (left === 'unclear') {
    faults.push({ field: 'messageLeft', outcome: 'guessed', detail: 'neither yes nor no; taken as yes' });
  }
  return {
    answeredBy: {
      category: category ?? 'uncertain',
      afterMs,
      detail: detail === '' ? null : detail,
      messageLeft: left !== 'no',
    },
    faults,
  };
}

/** "1200", "1,200 ms", "1.2 s"; without a unit they are milliseconds. */
function readMs(text: string): number | null {
  const [, number = '', unit = ''] =
    /^(?:ms: ?)?(\d[\d,]*(?:\.\d+)?)\s*(m(?:illi)?s(?:ec(?:ond)?s?)?|s(?:ec(?:ond)?s?)?)?\.?$/i.exec(
      toAsciiDigits(text.trim()),
    ) ?? [];
  if (number === '') return null;
  const ms = Math.round(Number(number.replaceAll(',', '')) * (/^s/i.test(unit) ? 1_000 : 1));
  return ms <= longestAfterMs ? ms : null;
}
