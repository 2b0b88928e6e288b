import { z } from 'zod';
import { modes } from './modes.ts';

/** The modes that this process knows. Another process may know more: events hold any mode’s name. */
export const agentModes = z.enum([...modes.keys()]);
export type AgentMode = string;

/** Answers by key; no value is null or empty. */
export type Answers = Record<string, string>;

/** Every key of every mode: a closed list, for places that must not show a person's own words. */
export const knownAnswerKeys: readonly string[] = [
  ...new Set([...modes.values()].flatMap(({ properties }) => Object.keys(properties))),
];

/** The answers that an agent should send: texts, or values that can become one. `toAnswers` reads anything else. */
export const reportedAnswers = z.record(
  z.string().min(1).max(200),
  z.union([z.string().max(20_000), z.number(), z.boolean(), z.null()]),
);

/** Keys that the mode does not know. We keep and count them, so that a renamed key shows. */
export function unknownKeys(mode: AgentMode, answers: Answers): string[] {
  const known = modes.get(mode)?.properties ?? {};
  return Object.keys(answers).filter((key) => !Object.hasOwn(known, key));
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
