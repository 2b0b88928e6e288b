import { z } from 'zod';

/** What an agent of this mode may learn. All text; nothing is required, and keys not named here are kept too. */
const sarvam = z.looseObject({
  machine_interest: z.string().nullish(),
  location: z.string().nullish(),
  budget: z.string().nullish(),
  first_product: z.string().nullish(),
  units_per_day: z.string().nullish(),
  local_demand: z.string().nullish(),
  new_or_expand: z.string().nullish(),
  partnership: z.string().nullish(),
  operators_needed: z.string().nullish(),
  own_brand: z.string().nullish(),
  seriousness: z.string().nullish(),
  factory_visit: z.string().nullish(),
  video_demo: z.string().nullish(),
});

const openaiRealtime = z.looseObject({
  product_interest: z.string().nullish(),
  location: z.string().nullish(),
  budget: z.string().nullish(),
});

/** One schema a mode: a further mode is one more line here. */
export const qualificationByMode = { sarvam, openai_realtime: openaiRealtime };

export const agentModes = z.enum(['sarvam', 'openai_realtime']);
export type AgentMode = z.infer<typeof agentModes>;

/** Answers by key; never null, never empty. */
export type Answers = Record<string, string>;

/** Answers as an agent may send them: text, or something that has one. */
export const reportedAnswers = z.record(
  z.string().min(1).max(200),
  z.union([z.string().max(20_000), z.number(), z.boolean(), z.null()]),
);

/** What is worth keeping of a report: every key with something in it, known or not, as text. */
export function toAnswers(reported: z.infer<typeof reportedAnswers>): Answers {
  const answers: Answers = {};
  for (const [key, value] of Object.entries(reported)) {
    const text = value === null ? '' : String(value).trim();
    if (text !== '') answers[key] = text;
  }
  return answers;
}

/** Keys that the mode does not name: kept, and counted, so that a renamed key is noticed. */
export function unknownKeys(mode: AgentMode, answers: Answers): string[] {
  return Object.keys(answers).filter((key) => !(key in qualificationByMode[mode].shape));
}

/** When each stored answer was learnt: ISO times by key. */
export type AnswerTimes = Record<string, string>;

/**
 * Merges a report into what is stored, key by key. A key is overwritten only by a report with a later time, and nothing
 * never overwrites something, so that reports may come twice and in any order.
 */
export function mergeAnswers(
  stored: Answers,
  times: AnswerTimes,
  reported: Answers,
  reportedAt: Date,
): { answers: Answers; times: AnswerTimes } {
  const merged = { answers: { ...stored }, times: { ...times } };
  const at = reportedAt.toISOString();
  for (const [key, value] of Object.entries(reported)) {
    const known = merged.times[key];
    const later = known === undefined || at > known || (at === known && value > (merged.answers[key] ?? ''));
    if (key in merged.answers && !later) continue;
    merged.answers[key] = value;
    merged.times[key] = at;
  }
  return merged;
}
