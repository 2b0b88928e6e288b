import { answeredByCategories, isMachine } from '@leadline/contracts/answered-by';
import { toIndianDay } from '@leadline/contracts/indian-time';
import { failureReasons } from '@leadline/contracts/failure-reason';

/** The facts of a call that minutes depend on. The database gives lengths in microseconds, so sums are exact. */
export type CallFacts = {
  id: number;
  leadId: number | null;
  source: string | null;
  mode: string | null;
  status: string | null;
  failureReason: string | null;
  startedAt: Date;
  durationSeconds: number | null;
  /** From call_started_at to call_ended_at. */
  lengthMicros: number | null;
  /** From answered_at to call_ended_at. */
  talkMicros: number | null;
  answered: boolean;
  /** By the agent's word; null: not told. */
  answeredBy: string | null;
  disposition: string | null;
};

export type CallMinutes = {
  callId: number;
  leadId: number | null;
  /** The Indian day of call_started_at. */
  day: string;
  source: string;
  mode: string;
  /** `calling`, `called`, `pushed`, or why it failed. */
  outcome: string;
  answered: boolean;
  /** Null: the record gives no length. */
  countedMicros: number | null;
  /** An old success of unknown length, which counts the estimate. */
  estimated: boolean;
  talkMicros: number;
  pulses: number;
  /** Who took the call; a machine only where no answers were given. */
  answeredBy: string | null;
  disposition: string | null;
};

const unknown = 'unknown';

/**
 * The rule for minutes: a terminal record counts duration_seconds; else its end minus its start; else, for a success,
 * the estimate; else nothing. Talk is the end minus the answer; each begun pulse is billed.
 */
export function toCallMinutes(call: CallFacts, pulseSeconds: number): CallMinutes {
  const success = call.status === 'called' || call.status === 'pushed';
  const terminal = success || call.status === 'failed';
  const length = call.durationSeconds === null ? call.lengthMicros : call.durationSeconds * 1_000_000;
  const talkMicros = terminal ? Math.max(0, call.talkMicros ?? 0) : 0;
  return {
    callId: call.id,
    leadId: call.leadId,
    day: toIndianDay(call.startedAt),
    source: call.source?.trim() || unknown,
    mode: call.mode ?? unknown,
    outcome: toOutcome(call),
    answered: call.answered || success,
    countedMicros: terminal ? length : null,
    estimated: success && length === null,
    talkMicros,
    pulses: Math.ceil(talkMicros / (pulseSeconds * 1_000_000)),
    answeredBy: toAnswerer(call.answeredBy, success),
    disposition: call.disposition,
  };
}

function toAnswerer(told: string | null, success: boolean): string | null {
  const category = answeredByCategories.safeParse(told);
  return category.success && !(success && isMachine(category.data)) ? category.data : null;
}

function toOutcome({ status, failureReason }: CallFacts): string {
  if (status === 'calling' || status === 'called' || status === 'pushed') return status;
  if (status !== 'failed') return unknown;
  return failureReasons.safeParse(failureReason).success && failureReason !== null ? failureReason : 'failed';
}

/** A group's sums, as the daily tables hold them. */
export type MinutesSum = {
  calls: number;
  answered: number;
  qualified: number;
  pushed: number;
  countedMicros: number;
  estimatedCalls: number;
  talkMicros: number;
  pulses: number;
};

export type Rates = { estimateMinutes: number; rupeesPerPulse: number };

export type MinutesFigures = {
  calls: number;
  answered: number;
  qualified: number;
  pushed: number;
  /** Unrounded, including the estimated ones. */
  minutes: number;
  estimatedMinutes: number;
  talkMinutes: number;
  pulses: number;
  rupees: number;
  rupeesPerQualified: number | undefined;
};

export function toFigures(sum: MinutesSum, rates: Rates): MinutesFigures {
  const estimatedMinutes = sum.estimatedCalls * rates.estimateMinutes;
  const rupees = sum.pulses * rates.rupeesPerPulse;
  return {
    calls: sum.calls,
    answered: sum.answered,
    qualified: sum.qualified,
    pushed: sum.pushed,
    minutes: sum.countedMicros / 60_000_000 + estimatedMinutes,
    estimatedMinutes,
    talkMinutes: sum.talkMicros / 60_000_000,
    pulses: sum.pulses,
    rupees,
    rupeesPerQualified: sum.qualified === 0 ? undefined : rupees / sum.qualified,
  };
}

export const noCalls: MinutesSum = {
  calls: 0,
  answered: 0,
  qualified: 0,
  pushed: 0,
  countedMicros: 0,
  estimatedCalls: 0,
  talkMicros: 0,
  pulses: 0,
};

export function addSums(one: MinutesSum, other: MinutesSum): MinutesSum {
  return {
    calls: one.calls + other.calls,
    answered: one.answered + other.answered,
    qualified: one.qualified + other.qualified,
    pushed: one.pushed + other.pushed,
    countedMicros: one.countedMicros + other.countedMicros,
    estimatedCalls: one.estimatedCalls + other.estimatedCalls,
    talkMicros: one.talkMicros + other.talkMicros,
    pulses: one.pulses + other.pulses,
  };
}
