import type { Noted } from './campaign.ts';
import { leadOf, type Check, type Violation } from './invariants.ts';
import { roomOf, type PhoneLine } from './ledgers.ts';

/** Between two machines’ clocks and in a timer. */
const slackMs = 1_000;
/** The tracker looks every 5 s at a phone whose dial told nobody how it ended, and takes the middle between two looks. */
const halfLookGapMs = 2_500;
const legsReplaced = 'Redis is away, and legs are replaced';

/** One INVITE an attempt, attempts within the policy, one live call a number, nobody with answers rung again. */
export const checkRings: Check = ({ world: { policy } }, { phone, calls, callbacks, stored, joined }) => {
  const violations: Violation[] = [];
  const byRoom = new Map(calls.map((call) => [call.call_room, call]));
  const invites = phone.filter(({ event }) => event === 'invite');
  const rungRooms = new Map<string, number>();
  for (const { room } of invites) rungRooms.set(room, (rungRooms.get(room) ?? 0) + 1);
  for (const [room, times] of rungRooms) {
    const call = byRoom.get(room);
    if (call === undefined) violations.push({ what: `${room} rang and is no call's` });
    else if (times > 1) violations.push({ what: `${room} rang ${times} times`, leadId: call.lead_id });
    else if (call.sent_at === null) violations.push({ what: `${room} rang without a permit`, leadId: call.lead_id });
  }
  const rungLeads = Map.groupBy(
    invites.flatMap(({ room }) => byRoom.get(room) ?? []),
    ({ lead_id }) => lead_id,
  );
  for (const [leadId, rung] of rungLeads) {
    // Whoever asks again while his last attempt is under way has attempts anew.
    // A promise is a call of its own, and the attempt in which it was made spends nothing.
    const promises = callbacks.filter(({ lead_id: id }) => id === leadId).length;
    if (rung.length > (1 + policy.maxRetries) * (1 + (joined.get(leadId) ?? 0)) + 2 * promises)
      violations.push({ what: `${rung.length} attempts rang`, leadId });
    if (new Set(rung.map(({ attempt }) => attempt)).size < rung.length)
      violations.push({ what: 'one attempt rang twice', leadId });
  }
  for (const [number, lines] of Map.groupBy(phone, (line) => line.number)) {
    const live = new Set<string>();
    for (const { event, sipCallId, room } of lines) {
      if (event === 'invite') {
        if (live.size > 0)
          violations.push({ what: `${number.slice(-4)} was rung while in a call`, ...leadOf(byRoom.get(room)) });
        live.add(sipCallId);
      } else if (isEnd(event)) live.delete(sipCallId);
    }
  }
  const grace = Math.min(policy.reportGraceSeconds, 5) * 1_000;
  const linesOfLeads = Map.groupBy(phone, ({ room }) => byRoom.get(room)?.lead_id);
  for (const [leadId, lines] of linesOfLeads) {
    if (leadId === undefined) continue;
    let talkedUntil: number | undefined;
    let talking = false;
    for (const { event, at } of lines) {
      if (event === 'invite' && talkedUntil !== undefined && at < talkedUntil + grace - 200)
        violations.push({ what: `rung ${at - talkedUntil} ms after a talk whose report might still come`, leadId });
      if (event === 'answered') talking = true;
      if (event === 'hangup' && talking) [talkedUntil, talking] = [at, false];
    }
  }
  const toldAt = (told: string): Map<string, number> => {
    const rooms = new Map<string, number>();
    for (const { subject, text, at, ours } of stored) {
      if (subject !== told || !ours) continue;
      const room = roomOf(text);
      rooms.set(room, Math.min(at, rooms.get(room) ?? Number.POSITIVE_INFINITY));
    }
    return rooms;
  };
  const [qualifiedAt, dialingAt] = [toldAt('call.qualified'), toldAt('call.dialing')];
  for (const [leadId, own] of Map.groupBy(calls, ({ lead_id }) => lead_id)) {
    const answered = Math.min(...own.map(({ call_room }) => qualifiedAt.get(call_room) ?? Number.POSITIVE_INFINITY));
    for (const { call_room, sent_at, callback_id } of own) {
      if (!rungRooms.has(call_room) || sent_at === null || callback_id !== null) continue;
      // By the clock that told of the answers too: the database's may be ahead of it.
      const permittedAt = Math.min(sent_at.getTime(), dialingAt.get(call_room) ?? Number.POSITIVE_INFINITY);
      if (permittedAt > answered + 2_000 + slackMs)
        violations.push({ what: `${call_room} rang although answers were there`, leadId });
    }
  }
  return { checked: invites.length, violations };
};

/** Never above the cap, paced, and silent while dialling is stopped. */
export const checkCaps: Check = ({ record, world: { policy } }, { phone, calls }) => {
  const violations: Violation[] = [];
  const live = new Set<string>();
  let most = 0;
  for (const { event, sipCallId } of phone) {
    if (event === 'invite') live.add(sipCallId);
    else if (isEnd(event)) live.delete(sipCallId);
    most = Math.max(most, live.size);
  }
  if (most > policy.maxCalls) violations.push({ what: `${most} calls at once; ${policy.maxCalls} are allowed` });
  const permits = calls.flatMap(({ sent_at, lead_id }) =>
    sent_at === null ? [] : [{ at: sent_at.getTime(), lead_id }],
  );
  permits.sort((a, b) => a.at - b.at);
  const jumps = record.filter(({ what }) => what === 'clock jump');
  for (const [n, permit] of permits.entries()) {
    const before = permits[n - 1];
    if (before === undefined || jumps.some((jump) => near(jump, permit.at, 6_000))) continue;
    if (permit.at - before.at < 1_000 / policy.callsPerSecond - 2)
      violations.push({ what: `two permits within ${permit.at - before.at} ms`, leadId: permit.lead_id });
  }
  for (const { what, details } of record) {
    if (what !== 'stop switch') continue;
    const [from, until] = ['stopped', 'starting'].map((word) =>
      Number(details.find((detail) => detail.endsWith(word))?.split(' ')[0]),
    );
    if (from === undefined || until === undefined || Number.isNaN(from) || Number.isNaN(until)) continue;
    const rung = phone.filter(({ event, at }) => event === 'invite' && at > from && at < until);
    for (const { room } of rung) violations.push({ what: `${room} rang while dialling was stopped` });
  }
  return { checked: phone.length, violations };
};

/** Calls whose minutes the dashboard's read model does not have as their rows have them. */
const otherMinutes = `
  select c.id, c.lead_id from calls c
    left join dashboard_builds b on b.state = 'serving'
    left join call_minutes m on m.generation = b.generation and m.call_id = c.id
   where m.call_id is null
      or m.outcome is distinct from case c.status when 'failed' then c.failure_reason else c.status end
      or (c.status <> 'calling' and m.counted_micros is distinct from c.duration_seconds::bigint * 1000000)`;

/** The minutes are the phone's own, however late the events were handled, and people are shown the same. */
export const checkTimes: Check = async ({ record, world }, { phone, calls, stored }) => {
  const violations: Violation[] = [];
  const talks = Map.groupBy(phone, ({ room }) => room);
  const told = new Set(stored.filter(({ subject }) => subject === 'call.answered').map(({ text }) => roomOf(text)));
  let checked = 0;
  for (const call of calls) {
    const lines = talks.get(call.call_room) ?? [];
    const [answered, hungUp] = [find(lines, 'answered'), find(lines, 'hangup')];
    if (answered === undefined || hungUp === undefined) continue;
    const around = record.filter((noted) => near(noted, answered.at, 3_000) || near(noted, hungUp.at, 6_000));
    // Where the answer or the end could not be told as it happened, nobody knows better.
    if (around.some(hidesTimes)) continue;
    const isLookedAt = around.some(({ what }) => what === legsReplaced);
    if (!isLookedAt && !told.has(call.call_room)) continue;
    checked++;
    const talked = hungUp.at - answered.at;
    const kept =
      call.answered_at === null || call.call_ended_at === null
        ? Number.NaN
        : call.call_ended_at.getTime() - call.answered_at.getTime();
    const allowedMs = slackMs + 50 + (isLookedAt ? halfLookGapMs : 0);
    if (!(Math.abs(kept - talked) <= allowedMs) || (isLookedAt && kept <= 0))
      violations.push({ what: `${call.call_room} talked ${talked} ms and has ${kept} ms`, ...leadOf(call) });
  }
  for (const { id, lead_id } of await world.query<{ id: number; lead_id: number }>(otherMinutes))
    violations.push({ what: `call ${id} has other minutes in the dashboard`, leadId: lead_id });
  return { checked, violations };
};

function isEnd(event: string): boolean {
  return event === 'refused' || event === 'cancelled' || event === 'hangup';
}

function find(lines: PhoneLine[], event: string): PhoneLine | undefined {
  return lines.find((line) => line.event === event);
}

function near({ at, until }: Noted, instant: number, marginMs: number): boolean {
  return instant > at - marginMs && instant < until + marginMs;
}

/** Faults under which nobody can tell the moment of an answer or an end. */
function hidesTimes({ what, details }: Noted): boolean {
  // A dispatcher that dies has told of an answer as it came, or never; one that freezes, late.
  if (/^(kill|crash point:) dispatcher/.test(what)) return false;
  if (/dispatcher|Postgres|LiveKit|webhooks|clock|deploy|drain|bridge|Redis is lost|ghost|stop is/.test(what))
    return true;
  return what.startsWith('partition') && details.some((detail) => /dispatcher|livekit|agent/.test(detail));
}
