import type { AnsweredByCategory } from '@leadline/contracts/answered-by';
import type { Disposition } from '@leadline/contracts/disposition';
import type { FailureReason } from '@leadline/contracts/failure-reason';
import type { AgentMode } from '@leadline/contracts/qualification';
import type { Rang } from '@leadline/contracts/rang';
import {
  after,
  answererOf,
  dialledAt,
  earliest,
  hasAnswers,
  latest,
  longestAt,
  reckonAnswer,
  type Call,
  type Dial,
  type DialResult,
  type Facts,
  type Known,
  type Policy,
  type Seen,
  type Takeover,
} from './call-facts.ts';
import { mustStop, nextLookAt } from './decide-look.ts';
import { decideRelease, learnUnseenEnd } from './decide-release.ts';
import { awaitedTakeover, decideAlone, isSilent } from './decide-takeover.ts';
import { awaitsHearing, correctEnd, correctReason, settle, settlesAt, type Hearing } from './decide-settling.ts';
import { learnReport, type AgentEvent } from './learn-report.ts';

/** An event of a call. `at` is the event's own time, whenever we handle it. */
export type CallEvent =
  | { kind: 'dialing' }
  | { kind: 'answered'; at: Date }
  | (Omit<Extract<DialResult, { kind: 'failed' }>, 'kind'> & { kind: 'dial_failed' })
  /** `sid`: LiveKit’s id of this stay. Its times are whole seconds, so that only the sid tells a return from a late word. */
  | { kind: 'leg_joined'; at: Date; sid?: string; everAnswered: boolean }
  | { kind: 'leg_left'; at: Date; sid?: string; reason: string; callStatus: string; everAnswered: boolean }
  | { kind: 'room_finished'; at: Date }
  | { kind: 'agent_left'; at: Date }
  | AgentEvent
  /** The call is due. `hearing`: how well agents' reports arrive at that time; absent: they do. */
  | { kind: 'due'; hearing?: Hearing }
  /** Nothing is heard any more of an agent that used to say that it is alive. */
  | { kind: 'agent_silent' }
  /** `agentLeft`: LiveKit has told that the agent left; `aliveAgoMs`: since its last `agent.alive`, where it sends them. */
  | {
      kind: 'looked';
      leg: { everAnswered: boolean } | null;
      agentPresent: boolean;
      agentLeft?: boolean;
      aliveAgoMs?: number | null;
    }
  | { kind: 'look_failed' };

/** The facts of an ended call for call.failed and call.ended. */
export type Summary = {
  sipStatus: number | null;
  rang: Rang;
  durationSeconds: number;
  talkSeconds: number;
  doNotCall: boolean;
  callbackAt: Date | null;
  answeredBy: AnsweredByCategory | null;
  disposition: Disposition | null;
};

/** The events to write in the same transaction, and what to do at LiveKit after its commit. */
export type Effect =
  | { kind: 'ringing' }
  | { kind: 'qualified'; mode: AgentMode }
  | { kind: 'failed'; reason: FailureReason; summary: Summary }
  | { kind: 'ended'; reason: FailureReason | null; summary: Summary }
  | { kind: 'look'; agentLeft?: boolean }
  | { kind: 'take_over'; takeover: Takeover }
  | { kind: 'stop' };

export type Step = { call: Call; facts: Facts; effects: Effect[] };

/** The time until we check again whether reports arrive. */
const hearAgainMs = 2_000;
/** How long a look may run. If its process dies, the look is due again after that. */
const lookLeaseMs = 10_000;
/** LiveKit’s reason for a stay whose place another stay of the same participant has taken. */
const replaced = 'DUPLICATE_IDENTITY';
/** LiveKit gives its times in whole seconds, rounded down. */
const wholeSecondMs = 1_000;

/**
 * The life of a call: adds one event's facts and applies the rules to all facts. Events may come twice, late and in any
 * order, because facts are only ever added, and no rule asks which event came last.
 */
export function stepCall(known: Known, event: CallEvent, now: Date, policy: Policy): Step {
  const { dial } = known;
  const before = { ...known, facts: learnFromRow(known.facts, dial, now) };
  const learnt = learn(before, event, now, policy);
  const effects = [...learnt.effects];
  let next: Known = { call: learnt.call, facts: learnUnseenEnd(learnt), dial };
  let unheard = false;
  if (next.call.status === 'calling' && known.facts.legJoinedAt === null && next.facts.legJoinedAt !== null) {
    effects.push({ kind: 'ringing' });
  }

  if (next.call.status === 'calling') {
    const settling = settlesAt(next, policy);
    unheard = event.kind === 'due' && awaitsHearing(next, event.hearing, now, policy);
    // After an outage many events come at once: the first must not end a call that the next one would explain.
    if (settling !== null && settling.at <= now && (!settling.waited || (event.kind === 'due' && !unheard))) {
      next = withCall(next, settle(next, now, policy));
      effects.push(...endEffects(next));
      // Stale: we saw no end of the leg. We end the room after the commit, only to tidy up.
      const notDialled = next.facts.dialResult?.kind === 'failed' && !next.facts.everAnswered;
      if (next.facts.legLeftAt === null && !notDialled) effects.push({ kind: 'stop' });
    }
  } else {
    next = withCall(next, correctEnd(next, now, policy));
    const call = event.kind === 'agent_answered_by' ? correctReason(next, policy) : next.call;
    const nowCalled = call.status === 'failed' && hasAnswers(call);
    next = { ...next, call: nowCalled ? { ...call, status: 'called', failureReason: null } : call };
    if (nowCalled && call.mode !== null) effects.push({ kind: 'qualified', mode: call.mode });
  }

  next = { ...next, facts: { ...next.facts, ...decideRelease(next, policy) } };
  const settlesNext = next.call.status === 'calling' ? (settlesAt(next, policy)?.at ?? null) : null;
  const settleAt = unheard ? latest(settlesNext, after(now, hearAgainMs)) : settlesNext;
  let lookAt = nextLookAt(next, policy);
  if (event.kind === 'due' && lookAt !== null && lookAt <= now) {
    effects.push({ kind: 'look' });
    lookAt = after(now, lookLeaseMs);
  }
  return { call: next.call, facts: { ...next.facts, settleAt: earliest(settleAt, lookAt) }, effects };
}

/** The dispatcher's row decides whether a dial was revoked; the event may come later, or never. */
function learnFromRow(facts: Facts, dial: Dial, now: Date): Facts {
  if (facts.dialResult !== null || (dial.revokedAt === null && dial.putBackReason === null)) return facts;
  return {
    ...facts,
    dialResult: {
      kind: 'failed',
      at: earliest(dial.revokedAt ?? now, now) ?? now,
      reason: dial.putBackReason === null ? 'startup_failed' : 'dispatch_failed',
      sipStatus: null,
      rang: 'no',
      numberFree: true,
    },
  };
}

/** The call as it is settled or corrected. An answer that nobody told of is reckoned, and the facts say so. */
function withCall(known: Known, call: Call): Known {
  const isReckoned = call.answeredAt !== null && known.call.answeredAt === null;
  const { facts } = known;
  return { ...known, call, facts: isReckoned ? { ...facts, watch: { ...facts.watch, answerEstimated: true } } : facts };
}

/** The facts that one event adds, before any rule draws a conclusion. */
function learn(known: Known, event: CallEvent, now: Date, policy: Policy): Step {
  const { call, facts, dial } = known;
  const unchanged: Step = { call, facts, effects: [] };
  const dialled = dialledAt(facts, dial);
  const within = (at: Date): Date =>
    latest(call.startedAt, earliest(at, now, dialled && longestAt(dialled, policy))) ?? now;
  switch (event.kind) {
    case 'dialing':
    case 'due':
      return unchanged;
    case 'answered': {
      const at = within(event.at);
      const dialResult: DialResult = facts.dialResult ?? { kind: 'answered', at };
      const answeredAt = dialResult.kind === 'answered' ? dialResult.at : at;
      return {
        call: { ...call, answeredAt: earliest(answeredAt, call.endedAt) },
        facts: {
          ...sawLeg(facts, at),
          everAnswered: true,
          dialResult,
          watch: facts.watch.answerEstimated === true ? { ...facts.watch, answerEstimated: false } : facts.watch,
        },
        effects: [],
      };
    }
    case 'dial_failed': {
      if (facts.dialResult !== null) return unchanged;
      const { kind: _kind, ...result } = event;
      return {
        call: { ...call, sipStatus: event.sipStatus ?? call.sipStatus },
        facts: { ...facts, dialResult: { kind: 'failed', ...result, at: within(event.at) } },
        effects: [],
      };
    }
    case 'leg_joined': {
      const at = within(event.at);
      const isAnotherStay = isNewStay(facts, event.sid) && (facts.watch.stays ?? []).length > 0;
      const seen = sawAnswered(sawStay(facts, event.sid, at), event.everAnswered, at);
      if (facts.legLeftAt === null) return { ...unchanged, facts: isAnotherStay ? lookSoon(seen, now) : seen };
      // LiveKit’s times are whole seconds: within one, only the id of another stay tells a return from a late event.
      const returns = at > facts.legLeftAt || (isAnotherStay && after(event.at, wholeSecondMs) > facts.legLeftAt);
      if (!returns) return { ...unchanged, facts: seen };
      // A bridge that lost its server joins again, even after LiveKit has confirmed a stop.
      const watch = { ...seen.watch, rejoinedAt: at, goneSince: null };
      return {
        call,
        facts: { ...seen, watch, legLeftAt: null, legLeftReason: null, legLeftStatus: null },
        effects: [{ kind: 'look' }],
      };
    }
    case 'leg_left': {
      const at = within(event.at);
      const seen = sawAnswered(sawStay(facts, event.sid, at), event.everAnswered, likelyEnd(event.at, now));
      // A bridge that was cut off joins again and takes its own place: the person is there all the time.
      const isFormerStay = event.sid !== undefined && event.sid !== seen.watch.stays?.at(-1);
      if (event.reason === replaced || isFormerStay)
        return { ...unchanged, facts: facts.legLeftAt === null ? lookSoon(seen, now) : seen };
      const { rejoinedAt } = facts.watch;
      const older = rejoinedAt !== null && at < rejoinedAt;
      const better = facts.legLeftAt === null || isWeakEnd(facts) || at > facts.legLeftAt;
      if (older || !better) return { ...unchanged, facts: seen };
      const legLeftAt = within(likelyEnd(event.at, now));
      return {
        ...unchanged,
        facts: {
          ...seen,
          legLeftAt,
          legLeftReason: event.reason,
          legLeftStatus: event.callStatus,
        },
      };
    }
    case 'room_finished': {
      const joinedAt = facts.watch.rejoinedAt ?? facts.legJoinedAt;
      // A room may end and be created again while its first dial is on the way: only a leg that had joined can leave.
      const wasThere = joinedAt !== null && after(within(event.at), wholeSecondMs) > joinedAt;
      if (!wasThere || facts.legLeftAt !== null) return unchanged;
      const legLeftAt = within(likelyEnd(event.at, now));
      return { ...unchanged, facts: { ...facts, legLeftAt, legLeftReason: 'ROOM_FINISHED' } };
    }
    case 'agent_left':
      return mayBeAlone(known) ? { ...unchanged, effects: [{ kind: 'look', agentLeft: true }] } : unchanged;
    case 'agent_silent':
      return mayBeAlone(known) ? { ...unchanged, effects: [{ kind: 'look' }] } : unchanged;
    case 'agent_ready':
    case 'agent_answered_by':
    case 'agent_qualified':
    case 'agent_callback':
    case 'agent_ended': {
      const learnt = { ...learnReport({ call, facts }, event, within(event.at), now), dial };
      // An agent that failed leaves a person behind: nobody waits for the room to tell.
      const failed = event.kind === 'agent_ended' && event.endedBy === 'error' && mayBeAlone(known);
      // The agent that was sent for says that it is there: it is seen at once, and not with the next look.
      const came = event.kind === 'agent_ready' && call.status === 'calling' && awaitedTakeover(facts) !== null;
      return { ...learnt, effects: failed || came ? [{ kind: 'look' }] : [] };
    }
    case 'looked':
      return learnLook(known, event, now, policy);
    case 'look_failed':
      return { ...unchanged, facts: withLook(facts, 'unknown', now) };
  }
}

function learnLook(
  { call, facts, dial }: Known,
  look: Extract<CallEvent, { kind: 'looked' }>,
  now: Date,
  policy: Policy,
): Step {
  if (look.leg === null) return { call, facts: withLook(facts, 'gone', now), effects: [] };
  const answered = facts.everAnswered || look.leg.everAnswered;
  const silent = isSilent(facts, look.aliveAgoMs ?? null, now);
  const seen: Seen = answered ? (look.agentPresent && !silent ? 'talking' : 'alone') : 'ringing';
  const looked = sawAnswered(withLook(sawLeg(facts, now), seen, now), answered, now);
  // The dial's own word may never come: until then the answer is reckoned between two looks.
  const isUntold = call.answeredAt === null || facts.watch.answerEstimated === true;
  const isReckoned = answered && call.status === 'calling' && isUntold;
  const next = isReckoned ? { ...call, answeredAt: reckonAnswer(looked, now, policy) } : call;
  const nextFacts = isReckoned ? { ...looked, watch: { ...looked.watch, answerEstimated: true } } : looked;
  const nowKnown = { call: next, facts: nextFacts, dial };
  const loss = { told: silent || look.agentLeft === true };
  if (seen === 'alone' && facts.stoppedAt === null && decideAlone(nowKnown, loss, now, policy) === 'take_over') {
    const takeover = { at: now, lostAt: lostAt(nextFacts, look.aliveAgoMs ?? null, now), cameAt: null };
    return {
      call: next,
      // What the lost agent said of its own end is no last word on this talk.
      facts: { ...nextFacts, takeovers: [...facts.takeovers, takeover], agentEndedAt: null, endedBy: null },
      effects: [{ kind: 'take_over', takeover }],
    };
  }
  if (!mustStop(nowKnown, seen, loss, now, policy)) {
    return { call: next, facts: nextFacts, effects: [] };
  }
  return {
    call: next,
    facts: { ...nextFacts, stoppedAt: facts.stoppedAt ?? now },
    effects: [{ kind: 'stop' }],
  };
}

/** Answered, with its leg there as far as is known, and no word of its agent that all is said. */
function mayBeAlone({ call, facts }: Known): boolean {
  if (call.status !== 'calling' || !facts.everAnswered || facts.legLeftAt !== null) return false;
  return facts.agentEndedAt === null && awaitedTakeover(facts) === null;
}

function lostAt({ watch }: Facts, aliveAgoMs: number | null, now: Date): Date {
  return earliest(watch.aloneSince, aliveAgoMs === null ? null : after(now, -aliveAgoMs)) ?? now;
}

function withLook(facts: Facts, seen: Seen, now: Date): Facts {
  const { watch } = facts;
  const came = seen === 'talking' && awaitedTakeover(facts) !== null;
  return {
    ...facts,
    takeovers: came ? facts.takeovers.map((one) => ({ ...one, cameAt: one.cameAt ?? now })) : facts.takeovers,
    watch: {
      ...watch,
      lookedAt: now,
      seen,
      ringingAt: seen === 'ringing' ? now : watch.ringingAt,
      goneSince: seen === 'gone' ? (watch.goneSince ?? now) : null,
      aloneSince: seen === 'alone' ? (watch.aloneSince ?? now) : null,
    },
  };
}

function isNewStay({ watch }: Facts, sid: string | undefined): boolean {
  return sid !== undefined && !(watch.stays ?? []).includes(sid);
}

/** A sign of the leg, and of which of its stays. */
function sawStay(facts: Facts, sid: string | undefined, at: Date): Facts {
  const seen = sawLeg(facts, at);
  if (sid === undefined || !isNewStay(facts, sid)) return seen;
  return { ...seen, watch: { ...seen.watch, stays: [...(seen.watch.stays ?? []), sid] } };
}

/** A sign of the leg, which may show that the person has answered by then. */
function sawAnswered(facts: Facts, isAnswered: boolean, at: Date): Facts {
  if (facts.everAnswered || !isAnswered) return facts;
  const answerSeenAt = earliest(facts.watch.answerSeenAt ?? null, at);
  return { ...facts, everAnswered: true, watch: { ...facts.watch, answerSeenAt } };
}

/** The leg joined again, and whatever waited for its dial broke with its connection. */
function lookSoon(facts: Facts, now: Date): Facts {
  return { ...facts, watch: { ...facts.watch, replacedAt: now } };
}

/** The room ended, but no event showed that the leg left. */
function isWeakEnd({ legLeftReason }: Facts): boolean {
  return legLeftReason === 'ROOM_FINISHED' || legLeftReason === 'NOT_SHOWN';
}

/**
 * The best guess for a webhook's time, which has whole seconds: now, if we handle it within that second; otherwise the
 * middle of the second, so that no talk is off by more than half a second.
 */
function likelyEnd(at: Date, now: Date): Date {
  return now.getTime() - at.getTime() < wholeSecondMs ? now : after(at, wholeSecondMs / 2);
}

/** If the webhook of the leg's joining was lost, any other sign of the leg counts as it. */
function sawLeg(facts: Facts, at: Date): Facts {
  return { ...facts, legJoinedAt: earliest(facts.legJoinedAt, at) };
}

function endEffects({ call, facts }: Known): Effect[] {
  const { mode, failureReason: reason } = call;
  const summary = summarise(call, facts);
  // The call ends, and then it is known what became of it.
  const effects: Effect[] = [{ kind: 'ended', reason, summary }];
  if (call.status === 'called' && mode !== null) effects.push({ kind: 'qualified', mode });
  if (reason !== null) effects.push({ kind: 'failed', reason, summary });
  return effects;
}

function summarise(call: Call, facts: Facts): Summary {
  const { answeredAt, endedAt, durationSeconds } = call;
  const failed = facts.dialResult?.kind === 'failed' ? facts.dialResult : null;
  const talkMs = answeredAt === null || endedAt === null ? 0 : endedAt.getTime() - answeredAt.getTime();
  return {
    sipStatus: call.sipStatus,
    rang: didRing(facts, failed?.rang),
    durationSeconds: durationSeconds ?? 0,
    talkSeconds: Math.max(0, Math.round(talkMs / 1_000)),
    doNotCall: call.doNotCall,
    callbackAt: facts.callbackAt,
    answeredBy: answererOf({ call, facts }),
    disposition: facts.disposition?.value ?? null,
  };
}

/** Whether the phone rang: by the dial's result first; otherwise a leg that joined its room rang, unless that is a guess. */
function didRing(facts: Facts, told: Rang | undefined): Rang {
  if (told === 'no' || facts.legJoinedAt === null) return told ?? 'unknown';
  return told === 'probably' && !facts.everAnswered ? 'probably' : 'yes';
}
