import { cutText } from './cut-text.ts';

const maxLearntKeys = 40;
const maxLearntCharacters = 500;

/** What calls have learnt, oldest first, as an agent is told of it: the later answer counts, and all of it is bounded. */
export function toLearnt(answers: readonly Record<string, unknown>[]): Record<string, string> {
  const learnt = [...new Map(answers.flatMap((one) => Object.entries(one)))].slice(0, maxLearntKeys);
  return Object.fromEntries(
    learnt.map(([key, value]) => [
      cutText(key, maxLearntCharacters),
      cutText(typeof value === 'string' ? value : JSON.stringify(value), maxLearntCharacters),
    ]),
  );
}
