import type { JobMetadata } from '@leadline/contracts/job-metadata';
import { rehearsalRoomName } from '@leadline/contracts/room-name';
import type { Rehearsal } from '@leadline/telephony/rehearsal';
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { CheckFacts, EndFacts, RefusalFacts, TalkFacts } from './facts.ts';
import type { Heard, Reports } from './hear-reports.ts';
import type { RtcNode } from './load-rtc-node.ts';
import { joinAsPhone, type Phone } from './stand-in-phone.ts';

export type Check = {
  rtc: RtcNode;
  rehearsal: Rehearsal;
  reports: Reports;
  agentName: string;
  mode: string;
  /** How long a dispatched agent may take, as for the dispatcher. */
  waitSeconds: number;
  say(line: string): void;
};

/** An agent may think, speak and be slow for so long. */
const patienceMs = 30_000;
const ringMs = 3_000;
/** Time for a detector of machines, and to say who calls. */
const greetingMs = 6_000;
/** An agent that takes a lost line for the end says so at once. */
const lossMs = 6_000;

/** Plays all calls, one after the other, and answers what was seen. Nobody is rung. */
export async function playCalls(check: Check): Promise<CheckFacts> {
  const { agentName, waitSeconds } = check;
  check.say('a room that nobody sent an agent to');
  const uninvited = await lookForUninvited(check);
  check.say('a call that nobody answers');
  const first = await playUnanswered(check);
  const seen = { agentName, waitSeconds, uninvited, ...first };
  if (first.comesMs === undefined) return { ...seen, talk: undefined, refusal: undefined, callback: undefined };
  check.say('a talk, with a lost line');
  const talk = await inRoom(check, (room) => playTalk(check, room));
  check.say('a person who never wants to be called again');
  const refusal = await inRoom(check, (room) => playRefusal(check, room));
  check.say('a person who wants to be called tomorrow');
  const callback = await inRoom(check, (room) => playCallback(check, room));
  return { ...seen, talk, refusal, callback };
}

async function lookForUninvited({ rehearsal }: Check): Promise<string[]> {
  const room = newRoom();
  await rehearsal.open(room);
  try {
    await wait(3_000);
    return (await rehearsal.agents(room)).map(({ name }) => name);
  } finally {
    await rehearsal.close(room);
  }
}

type FirstCall = Pick<CheckFacts, 'comesMs' | 'strangers' | 'readyHeard' | 'unanswered'>;

async function playUnanswered(check: Check): Promise<FirstCall> {
  const { reports, rehearsal, agentName, waitSeconds } = check;
  const room = newRoom();
  const startedAt = Date.now();
  await rehearsal.open(room, { name: agentName, metadata: toMetadata(check, room) });
  try {
    const comesMs = await within(waitSeconds * 1_000, () => isThere(check, room), startedAt);
    const strangers = (await rehearsal.agents(room)).map(({ name }) => name).filter((name) => name !== agentName);
    if (comesMs === undefined) return { comesMs, strangers, readyHeard: false, unanswered: undefined };
    const phone = await joinAsPhone(check.rtc, rehearsal, room);
    await phone.ring();
    await wait(ringMs);
    await phone.hangUp();
    const hungUpAt = Date.now();
    const leavesMs = await within(patienceMs, async () => !(await isThere(check, room)), hungUpAt);
    const heard = reports.of(room).map(({ type }) => type);
    return {
      comesMs,
      strangers,
      readyHeard: heard.includes('agent.ready'),
      unanswered: { leavesMs, reports: heard.filter((type) => type !== 'agent.ready' && type !== 'agent.alive') },
    };
  } finally {
    await rehearsal.close(room);
  }
}

async function playTalk(check: Check, room: string): Promise<TalkFacts> {
  const phone = await joinAsPhone(check.rtc, check.rehearsal, room);
  await phone.ring();
  await wait(ringMs);
  const early = newsOf(check, room);
  const spokeEarly = phone.heardAgentAt() !== undefined;
  await answer(phone);
  const learntMs = await sayAndWait(check, room, phone, 'budget: 8 lakh; location: Pune');
  await phone.rejoin();
  const spoke = phone.heardAgentAt() !== undefined;
  await wait(lossMs);
  const endedInLoss = ofType(check, room, 'agent.ended').length > 0;
  const leftInLoss = !(await isThere(check, room));
  const again = 'location: Nashik; seriousness: wants an offer this week';
  const learntAgainMs = endedInLoss || leftInLoss ? undefined : await sayAndWait(check, room, phone, again);
  await phone.hangUp();
  const hungUpAt = Date.now();
  const leavesMs = await within(patienceMs, async () => !(await isThere(check, room)), hungUpAt);
  const end = await hearEnd(check, room, hungUpAt);
  const unreadable = check.reports.of(room).filter(({ report }) => report === undefined).length;
  return { early, spokeEarly, spoke, learntMs, endedInLoss, leftInLoss, learntAgainMs, end, leavesMs, unreadable };
}

async function playRefusal(check: Check, room: string): Promise<RefusalFacts> {
  const phone = await joinAsPhone(check.rtc, check.rehearsal, room);
  await phone.ring();
  await answer(phone);
  const saidAt = Date.now();
  await phone.say('Never call me again.');
  const [wishMs, hungUpMs] = await Promise.all([
    within(patienceMs, () => check.reports.of(room).some(wishes), saidAt),
    within(patienceMs, () => phone.goneBecause() === 'PARTICIPANT_REMOVED', saidAt),
  ]);
  await phone.hangUp();
  return { wishMs, hungUpMs, end: await hearEnd(check, room, Date.now()) };
}

async function playCallback(check: Check, room: string): Promise<NonNullable<CheckFacts['callback']>> {
  const phone = await joinAsPhone(check.rtc, check.rehearsal, room);
  await phone.ring();
  await answer(phone);
  const saidAt = Date.now();
  const isAsked = (): boolean => ofType(check, room, 'agent.callback_requested').length > 0;
  await phone.say('Please call me tomorrow at six in the evening');
  let askedMs = await within(patienceMs / 2, isAsked, saidAt);
  if (askedMs === undefined) {
    // It reads the time back.
    await phone.say('Yes, that is right.');
    askedMs = await within(patienceMs / 2, isAsked, saidAt);
  }
  await phone.hangUp();
  const isReadable = ofType(check, room, 'agent.callback_requested').some(
    ({ report }) =>
      report?.type === 'agent.callback_requested' && (report.callback.at !== null || report.callback.words !== null),
  );
  return { askedMs, isReadable };
}

/** Sends the agent to a room of its own; undefined if it does not come. */
async function inRoom<T>(check: Check, play: (room: string) => Promise<T>): Promise<T | undefined> {
  const room = newRoom();
  await check.rehearsal.open(room, { name: check.agentName, metadata: toMetadata(check, room) });
  try {
    const comesMs = await within(check.waitSeconds * 1_000, () => isThere(check, room), Date.now());
    return comesMs === undefined ? undefined : await play(room);
  } finally {
    await check.rehearsal.close(room);
  }
}

async function answer(phone: Phone): Promise<void> {
  await phone.answer();
  await wait(greetingMs);
}

/** How long it took until answers were reported that were not before. */
async function sayAndWait(check: Check, room: string, phone: Phone, text: string): Promise<number | undefined> {
  const before = withAnswers(check, room);
  const saidAt = Date.now();
  await phone.say(text);
  return within(patienceMs, () => withAnswers(check, room) > before, saidAt);
}

function withAnswers(check: Check, room: string): number {
  return check.reports
    .of(room)
    .filter(({ report }) => report?.type === 'agent.qualified' && Object.keys(report.answers).length > 0).length;
}

async function hearEnd(check: Check, room: string, endedAtMs: number): Promise<EndFacts> {
  await within(patienceMs, () => ofType(check, room, 'agent.ended').length > 0, endedAtMs);
  // Time for a second one.
  await wait(2_000);
  const ends = ofType(check, room, 'agent.ended');
  const last = ends.at(-1)?.report;
  const isRead = last?.type === 'agent.ended';
  return {
    count: ends.length,
    afterMs: ends[0] && Math.max(0, ends[0].at.getTime() - endedAtMs),
    endedBy: isRead ? last.endedBy : null,
    doNotCall: check.reports.of(room).some(wishes),
  };
}

function wishes({ report }: Heard): boolean {
  return report !== undefined && 'doNotCall' in report && report.doNotCall;
}

function newsOf(check: Check, room: string): string[] {
  return check.reports
    .of(room)
    .map(({ type }) => type)
    .filter((type) => type !== 'agent.ready' && type !== 'agent.alive');
}

function ofType(check: Check, room: string, type: string): Heard[] {
  return check.reports.of(room).filter((heard) => heard.type === type);
}

async function isThere({ rehearsal, agentName }: Check, room: string): Promise<boolean> {
  return (await rehearsal.agents(room)).some(({ name, isActive }) => isActive && name === agentName);
}

/** How long after `since` it became true; undefined if it did not in time. */
async function within(
  limitMs: number,
  isTrue: () => boolean | Promise<boolean>,
  since: number,
): Promise<number | undefined> {
  const until = Date.now() + limitMs;
  do {
    if (await isTrue()) return Date.now() - since;
    await wait(100);
  } while (Date.now() < until);
  return undefined;
}

function newRoom(): string {
  return rehearsalRoomName(randomBytes(6).toString('hex'));
}

/** A job like the dispatcher's: the number is of a range that nobody has. */
function toMetadata({ mode }: Check, room: string): string {
  const job: Omit<JobMetadata, 'mode'> & { mode: string } = {
    version: 1,
    room,
    callId: 0,
    leadId: 0,
    attempt: 1,
    mode,
    name: 'Asha Verma',
    phone: '+910000000000',
    products: ['Paper cup machine'],
    now: new Date().toISOString(),
    zone: 'Asia/Kolkata',
  };
  return JSON.stringify(job);
}
