import type { AnsweredBy } from '@leadline/contracts/to-answered-by';
import type { Outcome } from '@leadline/contracts/to-agent-report';
import { mergeAnswers, type AgentMode, type Answers } from '@leadline/contracts/qualification';
import type { CallbackAsked } from '@leadline/contracts/to-callback';
import { earliest, type Answerer, type Call, type Facts } from './call-facts.ts';
import { learnCallback, learnLastWord, toAnswerForSales, toToldTime, type CallbackRequest } from './learn-callback.ts';

/** An agent's report. `at`: the agent's own time of it; `unread`: the fields that we could not read. */
export type AgentEvent =
  | { kind: 'agent_ready'; at: Date }
  | ({ kind: 'agent_answered_by'; at: Date; unread: readonly string[] } & AnsweredBy)
  | ({
      kind: 'agent_qualified';
      at: Date;
      /** Null: the call's mode. */
      mode: AgentMode | null;
      answers: Answers;
      doNotCall: boolean;
      unread: readonly string[];
    } & Outcome)
  | {
      kind: 'agent_callback';
      at: Date;
      /** Null: we may store none of it. */
      callback: CallbackAsked | null;
      doNotCall: boolean;
      unread: readonly string[];
    }
  | ({
      kind: 'agent_ended';
      at: Date;
      endedBy: string | null;
      doNotCall: boolean;
      callbackAt: Date | null;
      callbackWords: string | null;
      unread: readonly string[];
    } & Outcome);

/** A call's row and facts after one more report. */
export type Learnt = { call: Call; facts: Facts };

/** How many reports we remember for each unreadable field. */
const maxUnreadTimes = 50;

/** Adds a report's facts. `at` is its time, limited to the call's duration. A wish counts from its arrival, which is now. */
export function learnReport({ call, facts }: Learnt, event: AgentEvent, at: Date, now: Date): Learnt {
  switch (event.kind) {
    case 'agent_ready':
      return { call, facts: { ...facts, agentReadyAt: earliest(facts.agentReadyAt, at) } };
    case 'agent_answered_by':
      return { call, facts: noteAnswerer(noteUnread(facts, event), event) };
    case 'agent_qualified':
      return saveQualification(hearWish({ call, facts: noteSaid(facts, event) }, event, now), event, at);
    case 'agent_callback': {
      const heard = hearWish({ call, facts: noteUnread(facts, event) }, event, now);
      if (event.callback === null) return heard;
      return hearCallback(heard, learnCallback(facts.callback, event.callback, event.at), { at, now });
    }
    case 'agent_ended': {
      const heard = hearWish({ call, facts: noteSaid(facts, event) }, event, now);
      // An agent that has been replaced says nothing about the end of this talk.
      const isReplaced = facts.takeovers.some((takeover) => at <= takeover.at);
      const first = !isReplaced && (facts.agentEndedAt === null || at < facts.agentEndedAt);
      const ended = {
        call: heard.call,
        facts: {
          ...heard.facts,
          agentEndedAt: first ? at : facts.agentEndedAt,
          endedBy: first ? event.endedBy : facts.endedBy,
        },
      };
      return hearCallback(ended, learnLastWord(facts.callback, event, event.at), { at, now });
    }
  }
}

/** The answer that stands for a callback by a person. */
const salesCallbackKey = 'callback';

/**
 * A callback by a person counts as an answer, so that the sales team learns of it through a CRM task; if the person then
 * wants the agent to call, it is none.
 */
function hearCallback(
  { call, facts }: Learnt,
  callback: CallbackRequest | null,
  { at, now }: { at: Date; now: Date },
): Learnt {
  const before = facts.callback;
  if (callback === null || callback === before) return { call, facts };
  const isHeard = isSameRequest(before, callback);
  const learnt = {
    call,
    facts: { ...facts, ...toToldTime(callback), callback, callbackHeardAt: isHeard ? facts.callbackHeardAt : now },
  };
  if (isHeard) return learnt;
  const without = before?.keptBy === 'person' ? withoutSalesCallback(learnt, before) : learnt;
  if (callback.keptBy === 'agent') return without;
  const answers = { [salesCallbackKey]: toAnswerForSales(callback) };
  return saveQualification(without, { at: callback.saidAt, mode: null, answers }, at);
}

/** While the call goes on nobody has acted on that answer yet. */
function withoutSalesCallback({ call, facts }: Learnt, before: CallbackRequest): Learnt {
  const isOurs = facts.answerTimes[salesCallbackKey] === before.saidAt.toISOString();
  if (call.status !== 'calling' || !isOurs) return { call, facts };
  const { [salesCallbackKey]: _answer, ...answers } = call.answers;
  const { [salesCallbackKey]: _time, ...answerTimes } = facts.answerTimes;
  return { call: { ...call, answers }, facts: { ...facts, answerTimes } };
}

function isSameRequest(known: CallbackRequest | null, told: CallbackRequest): boolean {
  return JSON.stringify({ ...known, said: undefined }) === JSON.stringify({ ...told, said: undefined });
}

/** What we still store for an erased person: that a report came, and a wish never to be called. */
export function onlyWish(event: AgentEvent): AgentEvent {
  switch (event.kind) {
    case 'agent_ready':
      return event;
    case 'agent_answered_by':
      return { ...event, detail: null };
    case 'agent_qualified':
      return { ...event, mode: null, answers: {}, language: null };
    case 'agent_callback':
      return { ...event, callback: null };
    case 'agent_ended':
      return { ...event, callbackAt: null, callbackWords: null, language: null };
  }
}

/** Whether the report holds anything that `onlyWish` drops. */
export function saysMoreThanWish(event: AgentEvent): boolean {
  switch (event.kind) {
    case 'agent_ready':
      return false;
    case 'agent_answered_by':
      return event.detail !== null;
    case 'agent_qualified':
      return Object.keys(event.answers).length > 0;
    case 'agent_callback':
      return event.callback !== null;
    case 'agent_ended':
      return event.callbackAt !== null || event.callbackWords !== null || event.language !== null;
  }
}

/**
 * A wish that is said again counts again, because an operator may have taken the number off the list in between. A report
 * that arrives twice counts once.
 */
function hearWish({ call, facts }: Learnt, wish: { at: Date; doNotCall: boolean }, now: Date): Learnt {
  if (!wish.doNotCall) return { call, facts };
  const { doNotCallAt: heardAt, doNotCallSaidAt: saidAt } = facts;
  // An agent's clock may run ahead: no wish was said later than its report arrived.
  if (call.doNotCall && heardAt !== null && saidAt !== null) {
    if (wish.at.getTime() === saidAt.getTime() || (wish.at <= saidAt && wish.at <= heardAt)) return { call, facts };
  }
  return { call: { ...call, doNotCall: true }, facts: { ...facts, doNotCallAt: now, doNotCallSaidAt: wish.at } };
}

function noteSaid(facts: Facts, event: { at: Date; unread: readonly string[] } & Outcome): Facts {
  return noteOutcome(noteUnread(facts, event), event);
}

/** The verdict that was said last counts, in whatever order they arrive. A message that was left stays noted. */
function noteAnswerer(facts: Facts, { at, category, afterMs, detail, messageLeft }: AnsweredBy & { at: Date }): Facts {
  const told: Answerer = { category, at, afterMs, detail };
  return {
    ...facts,
    answerer: newer(facts.answerer, told),
    messageLeft: facts.messageLeft || messageLeft,
  };
}

function noteOutcome(facts: Facts, { at, disposition, language }: Outcome & { at: Date }): Facts {
  return {
    ...facts,
    disposition: disposition === null ? facts.disposition : newer(facts.disposition, { value: disposition, at }),
    language: language === null ? facts.language : newer(facts.language, { value: language, at }),
  };
}

/** The one that was said later. For two of the same moment the choice is always the same. */
function newer<T extends { at: Date }>(known: T | null, told: T): T {
  if (known === null) return told;
  const later = told.at.getTime() - known.at.getTime();
  return later > 0 || (later === 0 && JSON.stringify(told) > JSON.stringify(known)) ? told : known;
}

function noteUnread(facts: Facts, { at, unread }: { at: Date; unread: readonly string[] }): Facts {
  if (unread.length === 0) return facts;
  const unreadFields = { ...facts.unreadFields };
  for (const field of unread) {
    const times = new Set([...(unreadFields[field] ?? []), at.toISOString()]);
    unreadFields[field] = [...times].toSorted().slice(-maxUnreadTimes);
  }
  return { ...facts, unreadFields };
}

/**
 * saveQualification: stores answers at once, key by key; the later report wins. Another rule decides whether and when the
 * call becomes `called`.
 */
function saveQualification(
  { call, facts }: Learnt,
  report: { at: Date; mode: AgentMode | null; answers: Answers },
  at: Date,
): Learnt {
  if (Object.keys(report.answers).length === 0) return { call, facts };
  const merged = mergeAnswers(call.answers, facts.answerTimes, report.answers, report.at);
  const newest = Object.values(facts.answerTimes).every((time) => time <= report.at.toISOString());
  // Who answers questions has answered by then; when, the looks may know better.
  const isFirstSign = facts.dialResult?.kind !== 'answered' && (call.answeredAt === null || at < call.answeredAt);
  return {
    call: {
      ...call,
      answers: merged.answers,
      mode: newest ? (report.mode ?? call.mode) : (call.mode ?? report.mode),
      answeredAt: isFirstSign ? earliest(at, call.endedAt) : call.answeredAt,
    },
    facts: {
      ...facts,
      answerTimes: merged.times,
      watch: isFirstSign ? { ...facts.watch, answerSeenAt: at, answerEstimated: true } : facts.watch,
    },
  };
}
