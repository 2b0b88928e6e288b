import { readAnsweredBy, type AnsweredByCategory } from './answered-by.ts';
import { cutText } from './plain-text.ts';
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
  const category = typeof told.category === 'string' ? readAnsweredBy(told.category) : undefined;
  // Nobody is taken for a machine by mistake.
  if (category === undefined) {
    faults.push({ field: 'category', outcome: 'dropped', detail: 'no category we know; taken as uncertain' });
  }
  const after = toAnswerText(told.afterMs);
  const ms = Math.round(Number(after));
  const afterMs = after !== '' && ms >= 0 && ms <= longestAfterMs ? ms : null;
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
