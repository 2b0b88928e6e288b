import { z } from 'zod';

/** The answers that an agent of this mode may learn. All are texts and optional; unknown keys are kept too. */
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

/** One schema for each mode. A new mode is one more entry here. */
const qualificationByMode = { sarvam, openai_realtime: openaiRealtime };

export const agentModes = z.enum(['sarvam', 'openai_realtime']);
export type AgentMode = z.infer<typeof agentModes>;

/** Answers by key; no value is null or empty. */
export type Answers = Record<string, string>;

/** Every key of every mode: a closed list, for places that must not show a person's own words. */
export const knownAnswerKeys: readonly string[] = [
  ...new Set(Object.values(qualificationByMode).flatMap((schema) => Object.keys(schema.shape))),
];

/** The answers that an agent should send: texts, or values that can become one. `toAnswers` reads anything else. */
export const reportedAnswers = z.record(
  z.string().min(1).max(200),
  z.union([z.string().max(20_000), z.number(), z.boolean(), z.null()]),
);

/** Keys that the mode does not know. We keep and count them, so that a renamed key shows. */
export function unknownKeys(mode: AgentMode, answers: Answers): string[] {
  return Object.keys(answers).filter((key) => !Object.hasOwn(qualificationByMode[mode].shape, key));
}

/** When each stored answer was learnt: ISO times by key. */
export type AnswerTimes = Record<string, string>;

/**
 * Merges a report into the stored answers, key by key. Only a later report overwrites a key, and an empty value never
 * overwrites another, so reports may come twice and in any order.
 */
export function mergeAnswers(
  stored: Answers,
  times: AnswerTimes,
  reported: Answers,
  reportedAt: Date,
): { answers: Answers; times: AnswerTimes } {
  // Maps, because a key may have the name of an object's own property, such as `constructor`.
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
