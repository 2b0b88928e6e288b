import { existsSync, readFileSync } from 'node:fs';
import { AckPolicy, DeliverPolicy, nanos, type MsgHdrs } from 'nats';
import type { Campaign } from './campaign.ts';
import { durableNames } from './world.ts';

export type PhoneLine = { at: number; event: string; number: string; room: string; sipCallId: string };
type CrmLine = { at: number; event: string; id: string; room?: string };
export type CallRow = {
  id: number;
  lead_id: number;
  phone: string;
  status: string;
  failure_reason: string | null;
  attempt: number;
  call_room: string;
  call_started_at: Date;
  answered_at: Date | null;
  call_ended_at: Date | null;
  qualification: Record<string, string> | null;
  crm_task_id: string | null;
  sent_at: Date | null;
  decided_at: Date | null;
  put_back_reason: string | null;
  /** The promise that its dial was made for. */
  callback_id: number | null;
};
/** A time that a buyer was promised. */
export type CallbackRow = {
  id: number;
  lead_id: number;
  call_id: number | null;
  at: Date | null;
  due_at: Date | null;
  confirmed: boolean;
  kept_by: string;
  state: string;
  why: string | null;
  rang_at: Date | null;
};
type LeadRow = { id: number; status: string; phone: string; retry_count: number; failure_reason: string | null };
export type Stored = {
  stream: string;
  seq: number;
  subject: string;
  id: string;
  eventId: string;
  ours: boolean;
  at: number;
  text: string;
  head: string;
};

/** The room and the lead that an event's body names, however its JSON is spaced; '' and NaN where it names none. */
export function roomOf(text: string): string {
  return /"room"\s*:\s*"([^"]+)"/.exec(text)?.[1] ?? '';
}
export function leadIdOf(text: string): number {
  return Number(/"leadId"\s*:\s*(\d+)/.exec(text)?.[1]);
}

/** Everything the checks may know: what the world's own logs, the tables and the streams hold after the run. */
export type Ledgers = {
  phone: PhoneLine[];
  crm: CrmLine[];
  leads: LeadRow[];
  calls: CallRow[];
  callbacks: CallbackRow[];
  stored: Stored[];
  /** How many further enquiries joined a lead, by its id. */
  joined: Map<number, number>;
  /** Up to which message of its stream each durable has acknowledged all, as it was before anything else was read. */
  ackedTo: Map<string, number>;
};

export async function readLedgers({ world }: Campaign): Promise<Ledgers> {
  return {
    ackedTo: await readAckFloors(world),
    phone: readLines<PhoneLine & { at: string }>(world.phoneLog).map((line) => ({ ...line, at: Date.parse(line.at) })),
    crm: readLines<CrmLine & { at: string }>(world.crmLog).map((line) => ({ ...line, at: Date.parse(line.at) })),
    leads: await world.query<LeadRow>(`select id, status, phone, retry_count, failure_reason from leads order by id`),
    calls: await world.query<CallRow>(
      `select c.id, c.lead_id, c.phone, c.status, c.failure_reason, c.attempt, c.call_room, c.call_started_at,
              c.answered_at, c.call_ended_at, c.qualification, c.crm_task_id, d.sent_at, d.decided_at, d.put_back_reason,
              d.callback_id
         from calls c left join dials d on d.call_id = c.id order by c.id`,
    ),
    callbacks: await world.query<CallbackRow>(
      `select id, lead_id, call_id, at, due_at, confirmed, kept_by, state, why, rang_at from callbacks order by id`,
    ),
    joined: new Map(
      (
        await world.query<{ lead_id: number; n: number }>(
          `select lead_id, count(*)::int as n from lead_enquiries group by lead_id`,
        )
      ).map(({ lead_id, n }) => [lead_id, n]),
    ),
    stored: (await Promise.all(['LEADS', 'CALLS', 'AGENT', 'DLQ'].map((stream) => readStream(world, stream)))).flat(),
  };
}

async function readAckFloors(world: Campaign['world']): Promise<Map<string, number>> {
  const manager = await world.provisioner.connection.jetstreamManager({ checkAPI: false });
  const floors = new Map<string, number>();
  for (const [name, { stream }] of durableNames)
    floors.set(name, (await manager.consumers.info(stream, name)).ack_floor.stream_seq);
  return floors;
}

function readLines<T>(path: string): T[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}

/** The whole stream, part by part: one request for all of a long one ends before it. */
export async function readStream(world: Campaign['world'], stream: string): Promise<Stored[]> {
  const manager = await world.provisioner.connection.jetstreamManager({ checkAPI: false });
  const { state } = await manager.streams.info(stream);
  if (state.messages === 0) return [];
  const { name } = await manager.consumers.add(stream, {
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.All,
    mem_storage: true,
    inactive_threshold: nanos(60_000),
  });
  const consumer = await world.provisioner.connection.jetstream().consumers.get(stream, name);
  const found: Stored[] = [];
  while (found.length < state.messages) {
    const before = found.length;
    for await (const message of await consumer.fetch({
      max_messages: Math.min(1_000, state.messages - before),
      expires: 30_000,
    })) {
      const { headers } = message;
      found.push({
        stream,
        seq: message.seq,
        subject: message.subject,
        id: headers?.get('Nats-Msg-Id') ?? '',
        eventId: headers?.get('ce-id') ?? '',
        ours: (headers?.get('leadline-redriven-by') ?? '') === '',
        at: message.info.timestampNanos / 1e6,
        text: message.string(),
        head: headers === undefined ? '' : toText(headers),
      });
    }
    // What was not read can't be compared: to go on would call it missing.
    if (found.length === before) throw new Error(`${stream}: only ${before} of ${state.messages} messages were read`);
  }
  return found;
}

function toText(headers: MsgHdrs): string {
  return headers
    .keys()
    .map((name) => `${name}: ${headers.get(name)}`)
    .join('\n');
}
