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
const qualificationByMode = { sarvam, openai_realtime: openaiRealtime };

export const agentModes = z.enum(['sarvam', 'openai_realtime']);
export type AgentMode = z.infer<typeof agentModes>;

/** Answers by key; never null, never empty. */
export type Answers = Record<string, string>;

/** Every key that some mode names: a closed list, told where a person's own words may not be. */
export const knownAnswerKeys: readonly string[] = [
  ...new Set(Object.values(qualificationByMode).flatMap((schema) => Object.keys(schema.shape))),
];

/** Answers as an agent should send them: text, or something that has one. What else comes is read by `toAnswers`. */
export const reportedAnswers = z.record(
  z.string().min(1).max(200),
  z.union([z.string().max(20_000), z.number(), z.boolean(), z.null()]),
);

/** Keys that the mode does not name: kept, and counted, so that a renamed key is noticed. */
export function unknownKeys(mode: AgentMode, answers: Answers): string[] {
  return Object.keys(answers).filter((key) => !Object.hasOwn(qualificationByMode[mode].shape, key));
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
  // Maps: a key may be named as something that every object has, such as `constructor`.
  const mergedAnswers = new Map(Object.entries(stored));
  const mergedTimes = new Map(Object.entries(times));
  const at = reportedAt.toISOString();
  for (const [key, value] of Object.entries(reported)) {
    const known = mergedTimes.get(key);
    const before = mergedAnswers.get(key);
    const later = known === undefined || at > known || (at === known && value > (before ?? ''));
    if (before !== undefined && !later) continue;
    mergedAnswers.set(key, value);
    mergedTimes.set(key, at);
  }
  return { answers: Object.fromEntries(mergedAnswers), times: Object.fromEntries(mergedTimes) };
}
