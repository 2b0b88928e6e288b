import { isMachine, type AnsweredByCategory } from '@leadline/contracts/answered-by';
import type { Disposition } from '@leadline/contracts/disposition';
import type { FailureReason } from '@leadline/contracts/failure-reason';
import type { AgentMode, Answers, AnswerTimes } from '@leadline/contracts/qualification';
import type { Rang } from '@leadline/contracts/rang';
import type { CallStatus } from '@leadline/contracts/statuses';
import type { CallbackRequest } from './learn-callback.ts';

/** The slice of a `calls` row that this service decides. */
export type Call = {
  status: CallStatus;
  failureReason: FailureReason | null;
  answers: Answers;
  mode: AgentMode | null;
  startedAt: Date;
  answeredAt: Date | null;
  endedAt: Date | null;
  durationSeconds: number | null;
  sipStatus: number | null;
  doNotCall: boolean;
};

/** How far the attempt got, by the dispatcher's own row. Unsent: no phone can ring for it yet. */
export type Dial = {
  sentAt: Date | null;
  revokedAt: Date | null;
  /** Given back without spending an attempt: nothing was dialled. */
  putBackReason: string | null;
};

export type DialResult =
  | { kind: 'answered'; at: Date }
  | {
      kind: 'failed';
      at: Date;
      reason: FailureReason;
      sipStatus: number | null;
      rang: Rang;
      /** The far end has surely let go of the number. */
      numberFree: boolean;
    };

/** What LiveKit showed of the leg. `alone`: answered, and no agent beside it. */
export type Seen = 'talking' | 'alone' | 'ringing' | 'gone' | 'unknown';

/** What our own looks at the room showed, and since when without a break. */
type Watch = {
  lookedAt: Date | null;
  seen: Seen | null;
  goneSince: Date | null;
  aloneSince: Date | null;
  /** The leg was seen to leave, and joined again after that. */
  rejoinedAt: Date | null;
};

/** What is known of a call, whoever said it and in whatever order. */
export type Facts = {
  legJoinedAt: Date | null;
  legLeftAt: Date | null;
  /**
   * LiveKit's disconnect reason; ROOM_FINISHED where only the room's end was heard of; NOT_SHOWN where nothing was heard,
   * and two looks showed it gone.
   */
  legLeftReason: string | null;
  legLeftStatus: string | null;
  /** By the leg itself or by the dial's own result; an agent's word is no proof of it. */
  everAnswered: boolean;
  dialResult: DialResult | null;
  agentReadyAt: Date | null;
  agentEndedAt: Date | null;
  endedBy: string | null;
  callbackAt: Date | null;
  /** When to call back, as it was said, where that is no time that a program can read. */
  callbackWords: string | null;
  /** The latest request to be called back, and when it was written down, by the database's clock. */
  callback: CallbackRequest | null;
  callbackHeardAt: Date | null;
  answerTimes: AnswerTimes;
  answerer: Answerer | null;
  /** A message was left in this call, in whichever report that was said. */
  messageLeft: boolean;
  outcome: CallOutcome | null;
  /** When the newest wish never to be called again was heard, by the database's clock, and when its report says it was said. */
  doNotCallAt: Date | null;
  doNotCallSaidAt: Date | null;
  /** Fields of reports that could not be read, each with the times of those reports. */
  unreadFields: UnreadFields;
  /** When we first asked LiveKit to end the leg. Written before it is asked. */
  stoppedAt: Date | null;
  watch: Watch;
  /** When this call must be settled or looked at next; null when nothing is left to do. */
  settleAt: Date | null;
  numberFreeAt: Date | null;
  slotFreeAt: Date | null;
};

/** Who took the call, by the agent's newest word. `at`: when it said so. */
export type Answerer = { category: AnsweredByCategory; at: Date; afterMs: number | null; detail: string | null };

/** What became of the talk and the language asked for, by the agent's newest word on either. */
export type CallOutcome = { disposition: Disposition | null; language: string | null; at: Date };

/** ISO times by field, of a closed list of fields: a report that comes twice counts once. */
type UnreadFields = Record<string, string[]>;

/** All that is known of a call at one moment: its row, what was reported, and how far its dial got. */
export type Known = { call: Call; facts: Facts; dial: Dial };

export type Policy = {
  ringMs: number;
  maxCallMs: number;
  minTalkMs: number;
  reportGraceMs: number;
  providerRingMs: number;
  /** No INVITE goes out later than this after the permit: the token's life and LiveKit's leeway. */
  latestInviteMs: number;
};

export const noFacts: Facts = {
  legJoinedAt: null,
  legLeftAt: null,
  legLeftReason: null,
  legLeftStatus: null,
  everAnswered: false,
  dialResult: null,
  agentReadyAt: null,
  agentEndedAt: null,
  endedBy: null,
  callbackAt: null,
  callbackWords: null,
  callback: null,
  callbackHeardAt: null,
  answerTimes: {},
  answerer: null,
  messageLeft: false,
  outcome: null,
  doNotCallAt: null,
  doNotCallSaidAt: null,
  unreadFields: {},
  stoppedAt: null,
  watch: { lookedAt: null, seen: null, goneSince: null, aloneSince: null, rejoinedAt: null },
  settleAt: null,
  numberFreeAt: null,
  slotFreeAt: null,
};

/**
 * So long LiveKit lists the legs of a bridge that died (20.3 s, seen with a real one). Nobody tells their phones; who hears
 * nothing any more is taken to hang up as soon.
 */
export const bridgeMissedMs = 21_000;

/** When the phone may have started to be dialled; null while the dial has no permit. */
export function dialledAt(facts: Facts, dial: Dial): Date | null {
  return dial.sentAt ?? facts.legJoinedAt;
}

/** From here on no leg of this call can be left that its bridge could end, whatever LiveKit lists. */
export function longestAt(dialled: Date, policy: Policy): Date {
  return after(dialled, policy.latestInviteMs + policy.ringMs + policy.maxCallMs);
}

/** From here on no phone rings any more for a bridge that lives. */
export function ringEndAt(dialled: Date, policy: Policy): Date {
  return after(dialled, policy.latestInviteMs + policy.ringMs);
}

export function hasAnswers(call: Call): boolean {
  return Object.keys(call.answers).length > 0;
}

/** When the talk has lasted as long as it may; null while no answer is known. */
export function talkEndAt({ answeredAt }: Call, policy: Policy): Date | null {
  return answeredAt && after(answeredAt, policy.maxCallMs);
}

/** Who took the call. A machine's verdict beside a useful answer is a mistake: no machine gives one. */
export function answererOf({ call, facts }: Pick<Known, 'call' | 'facts'>): AnsweredByCategory | null {
  const category = facts.answerer?.category ?? null;
  return isMachine(category) && hasAnswers(call) ? null : category;
}

export function after(at: Date, ms: number): Date {
  return new Date(at.getTime() + ms);
}

export function earliest(...instants: (Date | null)[]): Date | null {
  const known = instants.filter((at) => at !== null).map((at) => at.getTime());
  return known.length === 0 ? null : new Date(Math.min(...known));
}

export function latest(...instants: (Date | null)[]): Date | null {
  const known = instants.filter((at) => at !== null).map((at) => at.getTime());
  return known.length === 0 ? null : new Date(Math.max(...known));
}
