import { isMachine, type AnsweredByCategory } from '@leadline/contracts/answered-by';
import type { Disposition } from '@leadline/contracts/disposition';
import type { FailureReason } from '@leadline/contracts/failure-reason';
import type { AgentMode, Answers, AnswerTimes } from '@leadline/contracts/qualification';
import type { Rang } from '@leadline/contracts/rang';
import type { CallStatus } from '@leadline/contracts/statuses';
import type { CallbackRequest } from './learn-callback.ts';

/** The part of a `calls` row that this service decides. */
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

/** How far the dispatcher's row says the attempt got. `unsent`: no phone can ring yet. */
export type Dial = {
  sentAt: Date | null;
  revokedAt: Date | null;
  /** The dial was put back without spending an attempt: no phone rang. */
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

/** What LiveKit showed about the leg. `alone`: it was answered, and no agent is in the room. */
export type Seen = 'talking' | 'alone' | 'ringing' | 'gone' | 'unknown';

/** What our looks at the room have shown, and since when without interruption. */
type Watch = {
  lookedAt: Date | null;
  seen: Seen | null;
  goneSince: Date | null;
  aloneSince: Date | null;
  /** The leg left and joined again. */
  rejoinedAt: Date | null;
  /** Another stay of the same leg took its place: it is looked at soon whether that is so. */
  replacedAt?: Date | null | undefined;
  /** The last look that showed the phone still ringing, and the first sign that it was answered: the answer lies between. */
  ringingAt?: Date | null | undefined;
  answerSeenAt?: Date | null | undefined;
  /** Nobody told when the person answered: `answeredAt` is reckoned, see `reckonAnswer`. */
  answerEstimated?: boolean | undefined;
  /** LiveKit’s ids of the leg’s stays in the room, in the order in which we heard of them: the last one is the leg’s. */
  stays?: readonly string[] | undefined;
};

/** All facts about a call, in whatever order and from whatever source they came. */
export type Facts = {
  legJoinedAt: Date | null;
  legLeftAt: Date | null;
  /**
   * LiveKit's disconnect reason; ROOM_FINISHED if we only know of the room's end; NOT_SHOWN if no event came and two looks
   * showed the leg gone.
   */
  legLeftReason: string | null;
  legLeftStatus: string | null;
  /** From the leg itself or the dial's result. An agent's report does not prove it. */
  everAnswered: boolean;
  dialResult: DialResult | null;
  agentReadyAt: Date | null;
  agentEndedAt: Date | null;
  endedBy: string | null;
  callbackAt: Date | null;
  /** The buyer's words for when to call back, if no program can read a time in them. */
  callbackWords: string | null;
  /** The newest request to be called back, and when we stored it, by the database's clock. */
  callback: CallbackRequest | null;
  callbackHeardAt: Date | null;
  answerTimes: AnswerTimes;
  answerer: Answerer | null;
  /** Any report of this call says that a message was left. */
  messageLeft: boolean;
  disposition: LastTold<Disposition> | null;
  language: LastTold<string> | null;
  /** When the newest wish never to be called arrived, by the database's clock, and when it was said, by its report. */
  doNotCallAt: Date | null;
  doNotCallSaidAt: Date | null;
  /** Fields that could not be read, each with the times of the reports that had them. */
  unreadFields: UnreadFields;
  /** The second, third, … agents that were sent for, in their order. Written before LiveKit is asked. */
  takeovers: readonly Takeover[];
  /** When we first asked LiveKit to end the leg. We write this before we ask. */
  stoppedAt: Date | null;
  watch: Watch;
  /** When this call must be settled or looked at next; null when nothing is left to do. */
  settleAt: Date | null;
  numberFreeAt: Date | null;
  slotFreeAt: Date | null;
};

/** A further agent for a person who was left alone. `lostAt`: since when; `cameAt`: when a look showed it, or null. */
export type Takeover = { at: Date; lostAt: Date; cameAt: Date | null };

/** Who answered, by the agent's newest report. `at`: when the agent said so. */
export type Answerer = { category: AnsweredByCategory; at: Date; afterMs: number | null; detail: string | null };

/** What became of the talk, or the language asked for, by the agent's newest report that tells it. */
export type LastTold<T> = { value: T; at: Date };

/** ISO times by field, from a closed list of fields, so that a repeated report counts once. */
type UnreadFields = Record<string, string[]>;

/** All that is known about a call at one moment: its row, its facts, and how far its dial got. */
export type Known = { call: Call; facts: Facts; dial: Dial };

export type Policy = {
  ringMs: number;
  maxCallMs: number;
  minTalkMs: number;
  reportGraceMs: number;
  providerRingMs: number;
  /** How long a person waits for a further agent before the leg is ended. */
  agentWaitMs: number;
  /** So often a call may get a further agent. */
  maxTakeovers: number;
  /** The latest time after the permit at which an INVITE can go out: the token's life and LiveKit's leeway. */
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
  disposition: null,
  language: null,
  doNotCallAt: null,
  doNotCallSaidAt: null,
  unreadFields: {},
  takeovers: [],
  stoppedAt: null,
  watch: { lookedAt: null, seen: null, goneSince: null, aloneSince: null, rejoinedAt: null },
  settleAt: null,
  numberFreeAt: null,
  slotFreeAt: null,
};

/**
 * How long LiveKit still lists the legs of a bridge that died (20.3 s, measured on a real one). Their phones get no signal;
 * we assume that a person who hears nothing hangs up within the same time.
 */
export const bridgeMissedMs = 21_000;

/** The earliest moment at which the phone may have been dialled; null while the dial has no permit. */
export function dialledAt(facts: Facts, dial: Dial): Date | null {
  return dial.sentAt ?? facts.legJoinedAt;
}

/** After this no leg of the call can still exist on a bridge that lives, whatever LiveKit lists. */
export function longestAt(dialled: Date, policy: Policy): Date {
  return after(dialled, policy.latestInviteMs + policy.ringMs + policy.maxCallMs);
}

/** After this no phone can still ring from a bridge that lives. */
export function ringEndAt(dialled: Date, policy: Policy): Date {
  return after(dialled, policy.latestInviteMs + policy.ringMs);
}

export function hasAnswers(call: Call): boolean {
  return Object.keys(call.answers).length > 0;
}

/** When the talk reaches its longest allowed length; null while we know of no answer. */
export function talkEndAt({ answeredAt }: Call, policy: Policy): Date | null {
  return answeredAt && after(answeredAt, policy.maxCallMs);
}

/**
 * When the person answered, where nobody told it: the middle of the time in which it must have been, but no later than a
 * phone may ring. `until`: it had been answered by then. Null: the leg was never seen.
 */
export function reckonAnswer({ legJoinedAt, watch }: Facts, until: Date, policy: Policy): Date | null {
  if (legJoinedAt === null) return null;
  const from = latest(legJoinedAt, watch.ringingAt ?? null) ?? legJoinedAt;
  const to = earliest(until, watch.answerSeenAt ?? null) ?? until;
  const middle = after(from, Math.max(0, to.getTime() - from.getTime()) / 2);
  return earliest(middle, latest(from, after(legJoinedAt, policy.ringMs)));
}

/** Who answered. If there are useful answers, a verdict of `machine` is wrong: machines do not give any. */
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
