import type { JetStreamManager } from 'nats';
import { setTimeout as wait } from 'node:timers/promises';
import type { Campaign } from './campaign.ts';
import { leadOf, type Check, type Violation } from './invariants.ts';
import type { Ledgers, Stored } from './ledgers.ts';
import { durableNames, type World } from './world.ts';

const outboxes = ['ingest_outbox', 'dispatcher_outbox', 'call_tracker_outbox', 'crm_pusher_outbox'];
/** What happened and was never said: each row of the answer is one. */
const factsWithEvents: readonly (readonly [subject: string, text: string])[] = [
  [
    'lead.created',
    `select id from leads where not exists (select 1 from ingest_outbox where aggregate = 'lead/' || leads.id)`,
  ],
  [
    'call.dialing',
    `select call_id as id from dials where sent_at is not null and not exists (
       select 1 from dispatcher_outbox where aggregate = 'call/' || call_id and subject = 'call.dialing')`,
  ],
  [
    'call.qualified or call.failed',
    `select id from calls where status <> 'calling' and not exists (
       select 1 from call_tracker_outbox
        where aggregate = 'call/' || calls.id and subject in ('call.qualified', 'call.failed'))`,
  ],
  [
    'call.pushed',
    `select id from calls where status = 'pushed' and not exists (
       select 1 from crm_pusher_outbox where aggregate = 'call/' || calls.id and subject = 'call.pushed')`,
  ],
];

/** Each outbox row is in its stream once. */
export const checkOutboxes: Check = async ({ world }, { stored }) => {
  const violations: Violation[] = [];
  const times = new Map<string, number>();
  for (const { id, ours } of stored) if (ours) times.set(id, (times.get(id) ?? 0) + 1);
  let checked = 0;
  for (const outbox of outboxes) {
    const rows = await world.query<{ id: string; subject: string; published: boolean }>(
      `select id, subject, published_at is not null and failed_at is null as published from ${outbox}`,
    );
    checked += rows.length;
    for (const { id, subject, published } of rows) {
      if (!published) violations.push({ what: `${subject} ${id} of ${outbox} was never published` });
      else if (times.get(id) !== 1)
        violations.push({ what: `${subject} ${id} of ${outbox} is ${times.get(id) ?? 0} times in its stream` });
    }
    for (const { id } of rows) times.delete(id);
  }
  violations.push(...(await findSilentFacts(world)));
  for (const message of stored) {
    if (message.ours && /^(lead|call)\./.test(message.subject) && times.has(message.id))
      violations.push({ what: `${message.subject} ${message.id} is in its stream and in no outbox` });
  }
  return { checked, violations };
};

/** Facts without their event. One transaction writes both, so that there is none at any moment. */
export async function findSilentFacts(world: World): Promise<Violation[]> {
  const violations: Violation[] = [];
  for (const [subject, text] of factsWithEvents) {
    const silent = await world.query<{ id: number }>(text);
    for (const { id } of silent) violations.push({ what: `${id} has no ${subject}` });
  }
  return violations;
}

/**
 * Events that were overtaken for good: their outbox has published what came well after them. A row that waits for room
 * is tried again every two seconds, and no transaction stays open for so long.
 */
export async function findOvertaken(world: World): Promise<Violation[]> {
  const violations: Violation[] = [];
  for (const outbox of outboxes) {
    const rows = await world.query<{ id: string; subject: string }>(
      `select id, subject from ${outbox} o where published_at is null and failed_at is null and exists (
         select 1 from ${outbox} later where later.seq > o.seq and later.published_at is not null
            and later.created_at > o.created_at + interval '40 seconds')`,
    );
    for (const { id, subject } of rows) violations.push({ what: `${subject} ${id} of ${outbox} was never published` });
  }
  return violations;
}

/** Events of ours that their stream holds more than once. */
export function findRepeatedEvents({ stored }: Ledgers): Violation[] {
  const events = Map.groupBy(
    stored.filter(({ stream, ours }) => ours && (stream === 'LEADS' || stream === 'CALLS')),
    ({ eventId }) => eventId,
  );
  return [...events].flatMap(([eventId, own]) =>
    own.length > 1 ? [{ what: `${own[0]?.subject} ${eventId} is ${own.length} times in its stream` }] : [],
  );
}

/** What was acknowledged is done. Reports whose answers are not kept all the same. */
export function findLostReports({ stored, calls, ackedTo }: Ledgers): Violation[] {
  const acked = ackedTo.get('call-tracker-agent') ?? 0;
  const reported = roomsWithAnswers(stored.filter(({ seq }) => seq <= acked));
  return calls
    .filter(({ call_room, qualification }) => reported.has(call_room) && Object.keys(qualification ?? {}).length === 0)
    .map((call) => ({ what: `${call.call_room} was reported with answers and has none`, ...leadOf(call) }));
}

/** What the simulated agent reports where a person said nothing of a question. */
const saidOfNothing = new Set(['', 'not mentioned']);

/** The rooms of which these reports say something. */
export function roomsWithAnswers(reports: readonly Stored[]): Set<string> {
  const rooms = reports.flatMap(({ subject, ours, text }) => {
    if (!ours || subject !== 'agent.qualified') return [];
    const report: { room?: string; qualification?: Record<string, unknown> } = JSON.parse(text);
    const values = Object.values(report.qualification ?? {});
    const said = values.some((value) => typeof value === 'string' && !saidOfNothing.has(value.trim()));
    return said && report.room !== undefined ? [report.room] : [];
  });
  return new Set(rooms);
}

/** Poison that was acknowledged, as if it were good, and is no dead letter. */
export function findTakenPoison({ poison }: Campaign, { stored, ackedTo }: Ledgers): Violation[] {
  const letters = new Set(
    stored
      .filter(({ stream }) => stream === 'DLQ')
      .map(({ eventId, subject }) => `${eventId} ${subject.split('.').at(-1)}`),
  );
  const seqs = new Map(stored.filter(({ stream }) => stream !== 'DLQ').map(({ eventId, seq }) => [eventId, seq]));
  return poison.flatMap(({ eventId, durables: readers }) =>
    readers
      .filter((durable) => (seqs.get(eventId) ?? Number.POSITIVE_INFINITY) <= (ackedTo.get(durable) ?? 0))
      .filter((durable) => !letters.has(`${eventId} ${durable}`))
      .map((durable) => ({ what: `the poison ${eventId} ${durable} is no dead letter` })),
  );
}

/** No durable has anything pending, somebody pulls from each, and the dashboard has kept every event. */
export const checkDurables: Check = async ({ world }, { stored }) => {
  const violations: Violation[] = [];
  let checked = 0;
  const manager = await world.provisioner.connection.jetstreamManager({ checkAPI: false });
  for (const stream of ['LEADS', 'CALLS', 'AGENT', 'ADVISORIES']) {
    for await (const { name, num_pending, num_ack_pending, num_waiting } of manager.consumers.list(stream)) {
      // Who only looks has a consumer without a name, which ends by itself.
      if (!durableNames.some(([own]) => own === name)) continue;
      checked++;
      if (num_pending + num_ack_pending > 0)
        violations.push({ what: `${name} has ${num_pending} pending, ${num_ack_pending} unacknowledged` });
      if (num_waiting === 0 && !(await isPulledFrom(manager, stream, name)))
        violations.push({ what: `nobody pulls from ${name}` });
    }
  }
  const kept = await world.query<{ event_id: string }>(`select event_id from lead_events`);
  const keptIds = new Set(kept.map(({ event_id }) => event_id));
  for (const { subject, eventId, ours } of stored) {
    if (!ours || !/^(lead|call)\./.test(subject)) continue;
    checked++;
    if (!keptIds.has(eventId)) violations.push({ what: `the dashboard has not kept ${subject} ${eventId}` });
  }
  return { checked, violations };
};

/** Between two requests of a reader that lives none waits for a moment. */
async function isPulledFrom(manager: JetStreamManager, stream: string, durable: string): Promise<boolean> {
  for (let looks = 0; looks < 20; looks++) {
    await wait(500);
    if ((await manager.consumers.info(stream, durable)).num_waiting > 0) return true;
  }
  return false;
}

/** The dead letters are the injected poison. */
export const checkDeadLetters: Check = ({ poison, repaired, deployed }, { stored }) => {
  const violations: Violation[] = [];
  const letters = stored.filter(({ stream, subject }) => stream === 'DLQ' && !subject.startsWith('dlq.redriven'));
  const expected = new Set(
    poison.flatMap(({ eventId, durables }) => durables.map((durable) => `${eventId} ${durable}`)),
  );
  const found = new Map(letters.map((letter) => [`${letter.eventId} ${letter.subject.split('.').at(-1)}`, letter]));
  for (const key of expected) if (!found.has(key)) violations.push({ what: `the poison ${key} is no dead letter` });
  for (const [key, { head, text, eventId }] of found) {
    if (expected.has(key)) continue;
    const whose = poison.some((event) => event.eventId === eventId) ? 'poisoned for others' : 'no poison';
    const copies = stored.filter((row) => row.eventId === eventId && row.stream !== 'DLQ').map(({ seq }) => seq);
    const { length } = text;
    violations.push({
      what: `a dead letter nobody poisoned: ${key} (${whose}, ${length} characters, stored as ${copies.join(', ')}): ${head}`,
    });
  }
  for (const [key, own] of Map.groupBy(letters, (letter) => `${letter.eventId} ${letter.subject.split('.').at(-1)}`))
    if (own.length > 1) {
      const each = own.map(({ seq, at, id, head }) => `${seq} at ${new Date(at).toISOString()} as ${id}: ${head}`);
      violations.push({ what: `the poison ${key} is ${own.length} dead letters: ${each.join('; ')}` });
    }
  // Repaired is what a run does at its end.
  if (deployed !== undefined && expected.size > 20 && repaired.size === 0)
    violations.push({ what: 'no dead letter was repaired and sent back' });
  return { checked: expected.size, violations };
};
