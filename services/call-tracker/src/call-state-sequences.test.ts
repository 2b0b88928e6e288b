import { callSteps } from '@leadline/contracts/statuses';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { noFacts, type Call, type Dial, type Facts, type Policy } from './call-facts.ts';
import { stepCall, type CallEvent, type Effect } from './call-state.ts';

/*
 * Every sequence of events, with repeats, held against the rules of a call's life. The rules are written once more
 * here, from the history of what was heard, and know nothing of call-state's facts.
 */

const policy: Policy = {
  ringMs: 30_000,
  maxCallMs: 600_000,
  minTalkMs: 5_000,
  reportGraceMs: 90_000,
  providerRingMs: 240_000,
  latestInviteMs: 65_000,
  agentWaitMs: 10_000,
  maxTakeovers: 2,
};
const epoch = Date.parse('2026-11-24T05:30:00Z');
const sentAt = 2;
const ringEnd = sentAt + 65 + 30;
const longest = sentAt + 65 + 30 + 600;
const date = (second: number): Date => new Date(epoch + second * 1_000);
const second = (at: Date): number => (at.getTime() - epoch) / 1_000;

/** What was heard, as a person would note it down. Times in seconds from the claim. */
type History = {
  sent: boolean;
  revoked: boolean;
  answered: boolean;
  joined: boolean;
  joinedLast: number;
  left: number | null;
  /** LiveKit’s ids of its stays, in the order in which they were heard of. */
  stays: string[];
  leftReason: string;
  dial: { ok: boolean; at: number; free: boolean; reason: string } | null;
  agentEnded: number | null;
  answers: Record<string, { value: string; at: number }>;
  /** The newest word on who took the call. */
  answerer: { isMachine: boolean; at: number } | null;
  doNotCall: boolean;
  stopped: number | null;
  gone: number[];
  aloneSince: number | null;
  /** Further agents: when each was sent for, and whether it was seen. */
  takeovers: { at: number; came: boolean }[];
  endedBy: string | null;
  wasLooked: boolean;
};

type World = {
  now: number;
  call: Call;
  facts: Facts;
  dial: Dial;
  heard: History;
  told: { ringing: number; qualified: number; failed: number; ended: number };
};

const claimed: World = {
  now: sentAt,
  call: {
    status: 'calling',
    failureReason: null,
    answers: {},
    mode: null,
    startedAt: date(0),
    answeredAt: null,
    endedAt: null,
    durationSeconds: null,
    sipStatus: null,
    doNotCall: false,
  },
  facts: noFacts,
  dial: { sentAt: date(sentAt), revokedAt: null, putBackReason: null },
  heard: {
    sent: true,
    revoked: false,
    answered: false,
    joined: false,
    joinedLast: 0,
    left: null,
    stays: [],
    leftReason: '',
    dial: null,
    agentEnded: null,
    answers: {},
    answerer: null,
    doNotCall: false,
    stopped: null,
    gone: [],
    aloneSince: null,
    takeovers: [],
    endedBy: null,
    wasLooked: false,
  },
  told: { ringing: 0, qualified: 0, failed: 0, ended: 0 },
};
const unsent: World = {
  ...claimed,
  dial: { sentAt: null, revokedAt: null, putBackReason: null },
  heard: { ...claimed.heard, sent: false },
};

type Look = 'gone' | 'talking' | 'alone' | 'ringing' | 'unknown';
/** A symbol of the alphabet: an event a second later, or the wait until the call is due and what a look shows then. */
type Letter =
  | { name: string; event: (now: number) => CallEvent; afterSeconds?: number }
  | { name: string; dueAnd: Look }
  | Revocation;
type Revocation = { name: string; revoke: true };

const left =
  (reason: string, everAnswered: boolean, lateBy = 0) =>
  (now: number): CallEvent => ({
    kind: 'leg_left',
    at: date(now - lateBy),
    reason,
    callStatus: everAnswered ? 'hangup' : 'ringing',
    everAnswered,
  });
const failedDial =
  (reason: 'rejected' | 'unanswered', free: boolean) =>
  (now: number): CallEvent => ({
    kind: 'dial_failed',
    at: date(now),
    reason,
    sipStatus: free ? 486 : null,
    rang: 'yes',
    numberFree: free,
  });
const qualified =
  (answers: Record<string, string>, lateBy = 0) =>
  (now: number): CallEvent => ({
    kind: 'agent_qualified',
    at: date(now - lateBy),
    mode: 'sarvam',
    answers,
    doNotCall: false,
    unread: [],
    disposition: null,
    language: null,
  });
const agentEnded =
  (endedBy: string, doNotCall: boolean) =>
  (now: number): CallEvent => ({
    kind: 'agent_ended',
    at: date(now),
    endedBy,
    doNotCall,
    callbackAt: null,
    callbackWords: null,
    unread: [],
    disposition: null,
    language: null,
  });

const answeredBy =
  (category: 'voicemail' | 'human') =>
  (now: number): CallEvent => ({
    kind: 'agent_answered_by',
    at: date(now),
    category,
    afterMs: null,
    detail: null,
    messageLeft: false,
    unread: [],
  });

const shortAlphabet: Letter[] = [
  { name: 'joined', event: (now) => ({ kind: 'leg_joined', at: date(now), everAnswered: false }) },
  { name: 'answered', event: (now) => ({ kind: 'answered', at: date(now) }) },
  { name: 'busy', event: failedDial('rejected', true) },
  { name: 'rang out', event: failedDial('unanswered', false) },
  { name: 'hung up', event: left('CLIENT_INITIATED', true) },
  { name: 'left ringing', event: left('USER_UNAVAILABLE', false) },
  { name: 'qualified', event: qualified({ location: 'Pune' }) },
  { name: 'agent ended', event: agentEnded('callee', false) },
  { name: 'due, gone', dueAnd: 'gone' },
  { name: 'due, alone', dueAnd: 'alone' },
  { name: 'due, talking', dueAnd: 'talking' },
  { name: 'older and fuller', event: qualified({ location: 'Delhi', budget: '4 lakh' }, 3) },
];
const fullAlphabet: Letter[] = [
  ...shortAlphabet,
  { name: 'due, ringing', dueAnd: 'ringing' },
  { name: 'due, unknown', dueAnd: 'unknown' },
  { name: 'dialing', event: () => ({ kind: 'dialing' }) },
  { name: 'bridge lost', event: left('CONNECTION_TIMEOUT', false) },
  { name: 'hung up a while ago', event: left('CLIENT_INITIATED', true, 60) },
  { name: 'taken off', event: left('ROOM_DELETED', true) },
  { name: 'room finished', event: (now) => ({ kind: 'room_finished', at: date(now) }) },
  { name: 'empty report', event: qualified({}) },
  { name: 'agent failed', event: agentEnded('error', true) },
  { name: 'a voicemail', event: answeredBy('voicemail') },
  { name: 'a person', event: answeredBy('human') },
  { name: 'agent ready', event: (now) => ({ kind: 'agent_ready', at: date(now) }) },
  { name: 'agent left', event: (now) => ({ kind: 'agent_left', at: date(now) }) },
];
/** Several events a second, with LiveKit’s times cut to seconds, and a bridge that joins again and again. */
const cut = (now: number): Date => date(Math.floor(now));
function leftAs(sid: string, at: Date, reason: string): CallEvent {
  const everAnswered = reason === 'CLIENT_INITIATED';
  return { kind: 'leg_left', at, sid, reason, callStatus: everAnswered ? 'hangup' : 'dialing', everAnswered };
}
const twoStays = ['PA_1', 'PA_2'].flatMap((sid): Letter[] => [
  { name: `${sid} joins`, event: (now) => ({ kind: 'leg_joined', at: cut(now), sid, everAnswered: false }) },
  {
    name: `${sid} hangs up`,
    event: (now) => leftAs(sid, cut(now), 'CLIENT_INITIATED'),
  },
  {
    name: `${sid} is replaced`,
    event: (now) => leftAs(sid, cut(now), 'DUPLICATE_IDENTITY'),
  },
]);
const cutAlphabet: Letter[] = [
  ...twoStays,
  { name: 'answered', event: (now: number): CallEvent => ({ kind: 'answered', at: date(now) }) },
  { name: 'qualified', event: qualified({ location: 'Pune' }) },
].map((letter) => ({ ...letter, afterSeconds: 0.25 }));
const rejoinAlphabet: Letter[] = [
  ...cutAlphabet,
  { name: 'due, gone', dueAnd: 'gone' },
  { name: 'due, talking', dueAnd: 'talking' },
];
const unsentAlphabet: Letter[] = [
  ...fullAlphabet.filter(({ name }) => /^(qualified|older|empty|agent|due, gone)/.test(name)),
  { name: 'revoked', revoke: true },
];

function play(world: World, letter: Letter): World {
  if ('revoke' in letter) {
    if (world.heard.revoked) return world;
    const now = world.now + 1;
    const revoked: World = {
      ...world,
      now,
      dial: { sentAt: null, revokedAt: date(now), putBackReason: null },
      heard: { ...world.heard, revoked: true, dial: { ok: false, at: now, free: true, reason: 'startup_failed' } },
    };
    const event: CallEvent = {
      kind: 'dial_failed',
      at: date(now),
      reason: 'startup_failed',
      sipStatus: null,
      rang: 'no',
      numberFree: true,
    };
    return hear(revoked, event);
  }
  if ('event' in letter) {
    const at = world.now + (letter.afterSeconds ?? 1);
    return hear({ ...world, now: at }, letter.event(at));
  }
  const dueAt = world.facts.settleAt;
  const now = dueAt === null ? world.now : Math.max(world.now, second(dueAt));
  const next = hear({ ...world, now }, { kind: 'due' });
  return hear(next, toLook(letter.dueAnd));
}

function toLook(look: Look): CallEvent {
  if (look === 'unknown') return { kind: 'look_failed' };
  if (look === 'gone') return { kind: 'looked', leg: null, agentPresent: false };
  return { kind: 'looked', leg: { everAnswered: look !== 'ringing' }, agentPresent: look !== 'alone' };
}

function hear(world: World, event: CallEvent): World {
  const step = stepCall(world, event, date(world.now), policy);
  const heard = note(world.heard, event, world.now, step.effects);
  const told = { ...world.told };
  for (const { kind } of step.effects) if (kind in told) told[kind as keyof typeof told]++;
  const next: World = { ...world, call: step.call, facts: step.facts, heard, told };
  checkStep(world, event, next, step.effects);
  return next;
}

/** LiveKit cuts its times to seconds: within one, only another stay’s id tells a return from a late word. */
function isReturn({ left: since, stays }: History, event: { at: Date; sid?: string }): boolean {
  if (since === null || second(event.at) > since) return true;
  const isAnother = event.sid !== undefined && stays.length > 0 && !stays.includes(event.sid);
  return isAnother && second(event.at) + 1 > since;
}

function withStay(stays: string[], sid: string | undefined): string[] {
  return sid === undefined || stays.includes(sid) ? stays : [...stays, sid];
}

/** The history grows by what was heard and by what was done about it. */
function note(history: History, event: CallEvent, now: number, effects: Effect[]): History {
  const heard = { ...history };
  const stopsNow = effects.some(({ kind }) => kind === 'stop') && event.kind === 'looked';
  switch (event.kind) {
    case 'answered':
      heard.answered = true;
      heard.joined = true;
      heard.dial ??= { ok: true, at: second(event.at), free: false, reason: '' };
      break;
    case 'dial_failed':
      heard.dial ??= { ok: false, at: second(event.at), free: event.numberFree, reason: event.reason };
      break;
    case 'leg_joined':
      heard.joined = true;
      if (heard.left !== null && isReturn(heard, event)) {
        heard.left = null;
        heard.joinedLast = second(event.at);
        heard.gone = [];
      }
      heard.stays = withStay(heard.stays, event.sid);
      break;
    case 'leg_left': {
      heard.joined = true;
      heard.stays = withStay(heard.stays, event.sid);
      heard.answered ||= event.everAnswered;
      // Its own next stay takes its place: nobody has left.
      if (event.reason === 'DUPLICATE_IDENTITY') break;
      if (event.sid !== undefined && event.sid !== heard.stays.at(-1)) break;
      const at = Math.max(0, second(event.at));
      const newer = heard.left === null || ['room', 'unseen'].includes(heard.leftReason) || at > heard.left;
      if (newer && at >= heard.joinedLast) {
        // What comes after the second that it tells is taken for the middle of it.
        const late = now - second(event.at) >= 1;
        heard.left = late ? Math.max(0, second(event.at) + 0.5) : now;
        heard.leftReason = event.reason;
      }
      break;
    }
    case 'room_finished':
      if (heard.joined && heard.left === null) {
        heard.left = Math.min(second(event.at), longest);
        heard.leftReason = 'room';
      }
      break;
    case 'agent_qualified':
      heard.answers = { ...heard.answers };
      for (const [key, value] of Object.entries(event.answers)) {
        const known = heard.answers[key];
        if (known === undefined || second(event.at) > known.at) heard.answers[key] = { value, at: second(event.at) };
      }
      break;
    case 'agent_answered_by':
      heard.answerer = { isMachine: event.category === 'voicemail', at: second(event.at) };
      break;
    case 'agent_ended':
      if (!heard.takeovers.some(({ at }) => second(event.at) <= at) && heard.agentEnded === null) {
        heard.agentEnded = second(event.at);
        heard.endedBy = event.endedBy;
      }
      heard.doNotCall ||= event.doNotCall;
      break;
    case 'looked':
      heard.wasLooked = true;
      if (event.leg === null) heard.gone = [...heard.gone, now];
      else {
        heard.gone = [];
        heard.joined = true;
        heard.answered ||= event.leg.everAnswered;
      }
      heard.aloneSince = event.leg !== null && heard.answered && !event.agentPresent ? (heard.aloneSince ?? now) : null;
      if (stopsNow) heard.stopped ??= now;
      if (event.leg !== null && heard.answered && event.agentPresent) {
        heard.takeovers = heard.takeovers.map((one) => ({ ...one, came: true }));
      }
      if (effects.some(({ kind }) => kind === 'take_over')) {
        heard.takeovers = [...heard.takeovers, { at: now, came: false }];
        heard.agentEnded = null;
        heard.endedBy = null;
      }
      break;
    case 'look_failed':
      heard.gone = [];
      heard.aloneSince = null;
      break;
    case 'dialing':
    case 'agent_left':
    case 'agent_silent':
    case 'agent_ready':
    case 'agent_callback':
    case 'due':
      break;
  }
  const [firstGone, lastGone] = [heard.gone[0], heard.gone.at(-1)];
  const talked = heard.answered || Object.keys(heard.answers).length > 0;
  if (
    talked &&
    heard.left === null &&
    firstGone !== undefined &&
    lastGone !== undefined &&
    lastGone - firstGone >= 60
  ) {
    const unseenEnd = heard.stopped === null ? heard.agentEnded : firstGone;
    if (unseenEnd !== null) [heard.left, heard.leftReason] = [unseenEnd, 'unseen'];
  }
  // Times beyond what a call can last are brought back to it.
  if (heard.left !== null) heard.left = Math.min(heard.left, longest);
  return heard;
}

/** The rules of when a call is over. */
function isOver(heard: History, now: number, due: boolean): boolean {
  const answers = Object.keys(heard.answers).length > 0;
  const legNeverAnswered = !heard.answered;
  if (heard.dial?.ok === false && legNeverAnswered) return true;
  if (!heard.sent && !heard.joined) return false;
  if (heard.left !== null && answers && heard.agentEnded !== null) return true;
  if (!due) return false;
  if (now >= longest) return true;
  if (heard.left === null) return false;
  if (answers) return now >= heard.left + 10;
  if (legNeverAnswered) return now >= heard.left + 5;
  if (heard.agentEnded !== null && now >= Math.max(heard.agentEnded, heard.left) + 5) return true;
  return now >= heard.left + 90;
}

/** The earliest moment at which the number can be said to be free, null where nothing proves it yet. */
function earliestFree(heard: History, settled: boolean): number | null {
  if (heard.dial?.ok === false && heard.dial.free) return heard.dial.at;
  if (!heard.sent && !heard.joined) return null;
  const [firstGone, lastGone] = [heard.gone[0], heard.gone.at(-1)];
  const goneTwice = firstGone !== undefined && lastGone !== undefined && lastGone - firstGone >= 60;
  const stopEnds = goneTwice ? firstGone + 60 : longest;
  if (heard.answered) {
    const over = heard.left ?? (settled ? longest : null);
    if (over === null) return heard.stopped === null ? null : stopEnds;
    // A leg that was stopped, or outlived its limit: its bridge may have died up to 21 s before.
    if (over >= longest) return over + 21;
    if (heard.stopped !== null) return Math.max(stopEnds, over + 21);
    // Who ended the room was not the bridge, which alone tells the phone.
    return ['room', 'unseen', 'ROOM_DELETED'].includes(heard.leftReason) ? over + 21 : over;
  }
  const over = heard.left ?? (heard.dial?.ok === false ? heard.dial.at : settled ? longest : null);
  if (over === null) return null;
  return Math.max(over + 240, heard.stopped === null ? 0 : stopEnds);
}

let checked = 0;

function broken(rule: string, before: World, event: CallEvent, after: World): never {
  throw new Error(`${rule}\n${JSON.stringify({ event, before, after }, undefined, 1)}`);
}

function checkStep(before: World, event: CallEvent, after: World, effects: Effect[]): void {
  checked++;
  const { call, facts, heard, now, told } = after;
  const fail = (rule: string): never => broken(rule, before, event, after);
  const settled = call.status !== 'calling';
  const answers = Object.keys(heard.answers);

  if (call.status !== before.call.status && !callSteps[before.call.status].includes(call.status))
    fail('an illegal step');
  if (before.call.status === 'calling' && settled !== isOver(heard, now, event.kind === 'due')) {
    fail(settled ? 'settled too early' : 'not settled when it is over');
  }
  if (settled !== (call.status === 'called' || call.status === 'failed')) fail('an ended call is called or failed');
  if (settled && (call.status === 'called') !== answers.length > 0) fail('called if and only if there are answers');
  if ((call.failureReason === null) !== (call.status !== 'failed'))
    fail('a reason belongs to failed, and to nothing else');
  if (Object.keys(call.answers).length !== answers.length) fail('an answer is lost or invented');
  for (const key of answers) if (call.answers[key] !== heard.answers[key]?.value) fail('an older answer won');
  if (call.doNotCall !== heard.doNotCall) fail('do-not-call is kept once it is heard');

  if (told.ended !== (settled ? 1 : 0)) fail('an end is told once');
  if (told.qualified !== (call.status === 'called' ? 1 : 0)) fail('answers are told once, at the end');
  if (told.failed > 1 || (call.status === 'failed' && told.failed !== 1)) fail('a failure is told once');
  if (told.ringing > 1) fail('ringing is told once');
  if (before.call.status === 'calling' && heard.joined && told.ringing !== 1) fail('a leg that was seen was told');

  if (settled) {
    const ended = call.endedAt === null ? Number.NaN : second(call.endedAt);
    if (!(ended >= 0 && ended <= Math.min(now, heard.sent ? longest : now))) fail('an end lies within what can be');
    if (call.durationSeconds !== Math.round(ended)) fail('the duration is the end less the start');
    if (call.answeredAt !== null && second(call.answeredAt) > ended) fail('nobody answers after the end');
    // Settled as never answered, and answered after all: it ended with its leg, and not with the ringing.
    const answerWasKnown = before.call.answeredAt !== null && after.facts.watch.answerEstimated !== true;
    if (answerWasKnown && before.call.endedAt !== null && before.call.endedAt < (call.endedAt ?? 0))
      fail('an end never moves on');
    if (heard.answered && call.answeredAt === null) fail('no answered call counts as none');
    const decidesReason = before.call.status === 'calling' || event.kind === 'agent_answered_by';
    if (call.failureReason !== null && decidesReason) checkReason(before.call, call, heard, fail);
  } else if (call.endedAt !== null || call.durationSeconds !== null) fail('a call that goes on has no end');

  if (!settled && heard.sent && facts.settleAt === null) fail('a call that goes on has a due time');
  if (!settled && !heard.sent && !heard.joined && facts.settleAt !== null) fail('an unsent call falls due by nothing');
  if (facts.settleAt !== null && second(facts.settleAt) > Math.max(longest, now + 10)) fail('due beyond all limits');

  const free = earliestFree(heard, settled);
  const numberFree = facts.numberFreeAt && second(facts.numberFreeAt);
  const slotFree = facts.slotFreeAt && second(facts.slotFreeAt);
  if (settled && (numberFree === null || slotFree === null)) fail('what has ended lets go of its number some time');
  if (numberFree !== null && (free === null || numberFree < free)) fail('a number is free before that is proved');
  if (numberFree !== null && slotFree !== null && slotFree > numberFree)
    fail('a slot is free no later than its number');

  for (const { kind } of effects) {
    if (kind === 'stop') checkStop(before, event, after, fail);
    if (kind === 'take_over') checkTakeover(before, after, effects, fail);
  }
}

function checkReason(before: Call, call: Call, heard: History, fail: (rule: string) => never): void {
  const reason = call.failureReason;
  const wasSeen = ['no_answers', 'rejected', 'unanswered'].includes(before.failureReason ?? '');
  if (before.status !== 'calling' && (!wasSeen || heard.left === null)) {
    if (reason !== before.failureReason) fail('a word on who answered tells nothing of an end that nobody saw');
    return;
  }
  if (heard.dial?.ok === false && !heard.answered) {
    if (reason !== heard.dial.reason) fail("the dial's own result says why");
  } else if (heard.left === null) {
    if (reason !== 'stale_timeout') fail('what nobody saw end is stale');
  } else if (heard.answerer?.isMachine === true) {
    if (reason !== 'unanswered') fail('a machine is a miss');
  } else if (heard.answered) {
    if (reason !== 'no_answers' && reason !== 'rejected') fail('answered without answers');
  } else if (reason === 'no_answers' || reason === 'stale_timeout') fail('nobody talked, and its end was seen');
}

/** A leg may be ended where nobody talks on it, and never while its agent does. */
function checkStop(before: World, event: CallEvent, after: World, fail: (rule: string) => never): void {
  const { heard, now } = after;
  if (event.kind === 'due') {
    if (before.call.status !== 'calling' || now < longest) fail('only a stale call has its room ended unseen');
    return;
  }
  if (event.kind !== 'looked' || event.leg === null) return fail('a stop needs a leg that was seen');
  if (before.heard.stopped !== null) return;
  const agentDone = heard.agentEnded !== null && now >= heard.agentEnded + 5;
  const awaited = heard.takeovers.at(-1);
  const waits = awaited !== undefined && !awaited.came;
  const alone = heard.aloneSince !== null && (waits ? now >= awaited.at + 10 : now >= heard.aloneSince + 5);
  const rungOut = !heard.answered && now >= ringEnd;
  const talkedOut = after.call.answeredAt !== null && now >= second(after.call.answeredAt) + 600;
  if (!agentDone && !alone && !rungOut && !talkedOut) fail('a leg was ended that somebody may need');
}

/** Another agent comes to a person who is alone, has not been talked to the end, and waits for nobody yet. */
function checkTakeover(before: World, after: World, effects: Effect[], fail: (rule: string) => never): void {
  const { heard, now } = after;
  const { takeovers, agentEnded: lastWord, endedBy, stopped, left: hasLeft } = before.heard;
  if (effects.some(({ kind }) => kind === 'stop')) fail('a leg is ended while another agent is sent to it');
  if (heard.aloneSince === null) fail('another agent is sent to nobody who is alone');
  if (takeovers.some(({ came }) => !came)) fail('two agents are sent at once');
  if (takeovers.length >= 2) fail('a call gets a few agents at most');
  if (lastWord !== null && endedBy !== 'error') fail('another agent is sent after the last word');
  if (before.heard.doNotCall || stopped !== null || hasLeft !== null)
    fail('another agent is sent to a talk that is over');
  const sure = endedBy === 'error' || (heard.aloneSince !== null && now >= heard.aloneSince + 5);
  if (!sure) fail('another agent is sent before the loss is sure');
}

/** Left alone, with LiveKit showing nothing, every sent call ends and nothing stays due for ever. */
function checkEnds(world: World): void {
  let now = world;
  for (let round = 0; now.facts.settleAt !== null; round++) {
    if (round > 200) throw new Error(`still due after 200 rounds\n${JSON.stringify(world)}`);
    now = play(now, { name: 'due, gone', dueAnd: 'gone' });
  }
  if (now.heard.sent && now.call.status === 'calling') throw new Error(`never settled\n${JSON.stringify(world)}`);
}

/** All sequences up to this length, sharing what they begin with. */
function walk(world: World, alphabet: Letter[], length: number, atEnd: (world: World) => void): void {
  if (length === 0) return atEnd(world);
  for (const letter of alphabet) walk(play(world, letter), alphabet, length - 1, atEnd);
}

describe('the rules of a call’s life', () => {
  test('hold in every sequence of six events', () => {
    checked = 0;
    walk(claimed, shortAlphabet, 6, () => undefined);
    expect(checked).toBeGreaterThan(shortAlphabet.length ** 6);
  });

  test('hold in every sequence of four events of every kind, and each such call ends', () => {
    let worlds = 0;
    walk(claimed, fullAlphabet, 4, (world) => {
      if (worlds++ % 5 === 0) checkEnds(world);
    });
    expect(worlds).toBe(fullAlphabet.length ** 4);
  });

  test('hold with times cut to seconds, whatever joins again, and each such call ends', () => {
    let worlds = 0;
    walk(claimed, rejoinAlphabet, 5, (world) => {
      if (worlds++ % 5 === 0) checkEnds(world);
    });
    expect(worlds).toBe(rejoinAlphabet.length ** 5);
  });

  test('hold in every sequence of five events before the dial is sent', () => {
    walk(unsent, unsentAlphabet, 5, (world) => expect(world.call.status === 'calling').toBe(!world.heard.revoked));
  });

  test('hold in long sequences too', () => {
    checked = 0;
    const letters = fc.array(fc.constantFrom(...fullAlphabet), { minLength: 7, maxLength: 40 });
    fc.assert(
      fc.property(letters, (sequence) => {
        checkEnds(sequence.reduce(play, claimed));
      }),
      { numRuns: 3_000 },
    );
    expect(checked).toBeGreaterThan(3_000 * 7);
  });

  test('an event that comes twice at once changes nothing', () => {
    const letters = fc.array(fc.constantFrom(...fullAlphabet), { minLength: 0, maxLength: 8 });
    const last = fc.constantFrom(...fullAlphabet.filter((letter) => 'event' in letter));
    fc.assert(
      fc.property(letters, last, (sequence, letter) => {
        if (!('event' in letter)) return;
        const world = play(sequence.reduce(play, claimed), letter);
        const again = stepCall(world, letter.event(world.now), date(world.now), policy);
        expect(again.call).toEqual(world.call);
        expect(again.effects.filter(({ kind }) => !['look', 'stop', 'take_over'].includes(kind))).toEqual([]);
      }),
      { numRuns: 3_000 },
    );
  });
});
