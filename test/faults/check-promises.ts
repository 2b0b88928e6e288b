import type { Campaign, Noted } from './campaign.ts';
import type { Check, Violation } from './invariants.ts';
import type { CallbackRow, CallRow, Ledgers, PhoneLine } from './ledgers.ts';

/** A promise is rung within five minutes; a campaign has one, and the time in which faults stood in the way. */
const withinMs = 60_000;
/** Between two machines’ clocks and in a timer. */
const slackMs = 1_000;
/**
 * What a killed process had taken and not acknowledged, JetStream hands out again after ack_wait, which is not shorter here
 * than elsewhere: 30 s, and some until the next one has it. Until then it is unknown what an ended call's agent reported.
 */
const heldByDeadMs = 35_000;
/** Whoever wishes never to be called, and whoever is told of in a talk for another lead, is not rung for his promise. */
const goodReasons = ['do_not_call', 'talked_in_other_call'];

/**
 * What is wrong at every moment: a promise that rang twice, before its time, or for somebody who wants no call; and one that was
 * given up without a good reason.
 */
export function findWrongRings(
  { optedOut }: Pick<Campaign, 'optedOut'>,
  { callbacks, calls, phone }: Ledgers,
): Violation[] {
  const violations: Violation[] = [];
  const invites = invitesOf(phone);
  for (const row of callbacks.filter(isPromise)) {
    const where = { leadId: row.lead_id };
    const rung = calls.filter(
      ({ callback_id, call_room, put_back_reason }) =>
        callback_id === row.id && put_back_reason === null && invites.has(call_room),
    );
    if (rung.length > 1) violations.push({ what: `the promise ${row.id} rang ${rung.length} times`, ...where });
    for (const { call_room, sent_at } of rung)
      if (row.at !== null && sent_at !== null && sent_at < row.at)
        violations.push({ what: `${call_room} rang ${row.at.getTime() - sent_at.getTime()} ms too early`, ...where });
    if (row.state === 'cancelled' && !goodReasons.includes(row.why ?? ''))
      violations.push({ what: `the promise ${row.id} is cancelled (${row.why ?? 'why is unknown'})`, ...where });
    // Two promises to one buyer may be kept by one talk, for whichever lead it was.
    if (row.why === 'talked_in_other_call' && !hasOtherTalk(row, calls))
      violations.push({ what: `the promise ${row.id} is kept by a talk that nobody had`, ...where });
    if (row.why === 'do_not_call' && rung.length > 0)
      violations.push({ what: `the promise ${row.id} rang after an opt-out`, ...where });
  }
  for (const { phone: number, heardAt } of optedOut) {
    const late = calls.filter(
      ({ phone: callee, sent_at }) => callee === number && (sent_at?.getTime() ?? 0) > heardAt + slackMs,
    );
    for (const { call_room, lead_id } of late.filter((call) => invites.has(call.call_room)))
      violations.push({ what: `${call_room} rang after its buyer was put on the do-not-call list`, leadId: lead_id });
  }
  return violations;
}

/** A confirmed promise rings once, not before its time, soon after it, and never after an opt-out; none is lost. */
export const checkPromises: Check = (campaign, ledgers) => {
  const violations = findWrongRings(campaign, ledgers);
  const { callbacks, calls } = ledgers;
  const roomOf = new Map(calls.map((call) => [call.id, call]));
  for (const { room, at } of requests(ledgers)) {
    const call = calls.find(({ call_room }) => call_room === room);
    if (call === undefined) continue;
    const isKnown = callbacks.some((row) => row.call_id === call.id && row.at?.getTime() === at);
    if (!isKnown) violations.push({ what: `what ${room} asked for is promised nowhere`, leadId: call.lead_id });
  }
  for (const row of callbacks.filter(isPromise)) {
    if (goodReasons.includes(row.why ?? '')) continue;
    const where = { leadId: row.lead_id };
    const name = `the promise ${row.id}`;
    const dials = calls.filter(({ callback_id }) => callback_id === row.id);
    // Permitted, and its dispatcher died before it dialled: an unclear dial is never repeated.
    const mayHaveRung = dials.some((dial) => dial.sent_at !== null && dial.put_back_reason === null);
    // `findWrongRings` tells of these.
    if (row.state === 'cancelled') continue;
    if (row.state === 'waiting' || !mayHaveRung) {
      violations.push({
        what: `${name} is ${row.state}${row.why === null ? '' : ` (${row.why})`}, and never rang`,
        ...where,
      });
      continue;
    }
    const late = lateness(row, campaign.record);
    if (late > withinMs) violations.push({ what: `${name} rang ${late} ms late`, ...where });
    const asked = roomOf.get(row.call_id ?? 0);
    if (asked !== undefined && saidNever(ledgers, asked.call_room))
      violations.push({ what: `${name} rang although its buyer said never again`, ...where });
  }
  return { checked: callbacks.length + campaign.optedOut.length, violations };
};

function hasOtherTalk({ lead_id, call_id }: CallbackRow, calls: readonly CallRow[]): boolean {
  const numbers = new Set(calls.filter((call) => call.lead_id === lead_id).map(({ phone }) => phone));
  return calls.some(
    (call) =>
      numbers.has(call.phone) &&
      call.lead_id !== lead_id &&
      call.id > (call_id ?? 0) &&
      Object.keys(call.qualification ?? {}).length > 0,
  );
}

/** One that the voice agent is to keep, and that stands as it was made. */
function isPromise({ kept_by, confirmed, state }: CallbackRow): boolean {
  return kept_by === 'agent' && confirmed && state !== 'moved';
}

function invitesOf(phone: readonly PhoneLine[]): Set<string> {
  return new Set(phone.filter(({ event }) => event === 'invite').map(({ room }) => room));
}

/** What agents asked for, the latest of each room. */
function requests({ stored, ackedTo }: Ledgers): { room: string; at: number }[] {
  const acked = ackedTo.get('call-tracker-agent') ?? 0;
  const latest = new Map<string, number>();
  for (const { subject, ours, text, seq } of stored) {
    if (subject !== 'agent.callback_requested' || !ours || seq > acked) continue;
    const { room, at, keptBy }: { room?: string; at?: string; keptBy?: string } = JSON.parse(text);
    if (room !== undefined && at !== undefined && keptBy !== 'person') latest.set(room, Date.parse(at));
  }
  return [...latest].map(([room, at]) => ({ room, at }));
}

function saidNever({ stored }: Ledgers, room: string): boolean {
  return stored.some(
    ({ subject, ours, text }) =>
      subject === 'agent.ended' && ours && text.includes(`"${room}"`) && text.includes('"doNotCall":true'),
  );
}

/** How late it was dialled, without the time in which some fault was on, or what a killed process had held lay about. */
function lateness({ due_at, rang_at }: CallbackRow, record: readonly Noted[]): number {
  if (due_at === null || rang_at === null) return 0;
  const [from, until] = [due_at.getTime() + slackMs, rang_at.getTime()];
  const troubles = record
    .map((noted) => ({ at: noted.at, until: noted.until + (isKillOfHolder(noted) ? heldByDeadMs : 0) }))
    .toSorted((earlier, later) => earlier.at - later.at);
  let [lateMs, clearFrom] = [0, from];
  for (const trouble of troubles) {
    lateMs += Math.max(0, Math.min(trouble.at, until) - clearFrom);
    clearFrom = Math.max(clearFrom, trouble.until);
  }
  return lateMs + Math.max(0, until - clearFrom);
}

/** A kill of a process that hears how calls end. */
function isKillOfHolder({ what, details }: Noted): boolean {
  return (
    /^(kill|crash point)/.test(what) && [what, ...details].some((text) => /dispatcher|call-tracker|peak/.test(text))
  );
}
