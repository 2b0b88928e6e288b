import type { Direction, Watcher } from '@leadline/servers/link';
import type { ServiceName } from './world.ts';

/**
 * A place in a service's work where it is killed. It is found on the wire, where nothing in the service knows of it: the
 * bytes that would let it go on are withheld, and the process is gone. `after`: the bytes are passed on first.
 */
export type CrashPoint = {
  name: string;
  services: readonly ServiceName[];
  /** The part of the link's name after the service's. */
  link: 'postgres' | 'nats' | 'livekit' | 'crm';
  place: Place;
};

type Place = (chunk: string, direction: Direction, memory: Map<string, unknown>) => 'here' | 'after' | undefined;

const dispatchers = ['dispatcher-1', 'dispatcher-2'] as const;

/** The first that leaves the process and holds this text is held back. */
const beforeItSends =
  (text: RegExp): Place =>
  (chunk, direction) =>
    direction === 'toServer' && text.test(chunk) ? 'here' : undefined;

const afterItSent =
  (text: RegExp): Place =>
  (chunk, direction) =>
    direction === 'toServer' && text.test(chunk) ? 'after' : undefined;

/** The answer to what holds this text is held back: it is done, and the process never learns of it. */
const beforeItHears =
  (text: RegExp): Place =>
  (chunk, direction, memory) => {
    if (direction === 'toServer' && text.test(chunk)) memory.set(`asked ${text.source}`, true);
    return direction === 'toClient' && memory.get(`asked ${text.source}`) === true ? 'here' : undefined;
  };

const received =
  (text: RegExp): Place =>
  (chunk, direction) =>
    direction === 'toClient' && text.test(chunk) ? 'here' : undefined;

/** Sent as a simple query: the letter, its length, the text. */
const isQuery = (chunk: string, text: string): boolean =>
  chunk.includes(`Q\u{0}\u{0}\u{0}${String.fromCodePoint(text.length + 5)}${text}\u{0}`);
const isCommit = (chunk: string): boolean => isQuery(chunk, 'commit') || isQuery(chunk, 'COMMIT');
const isRollback = (chunk: string): boolean => isQuery(chunk, 'rollback') || isQuery(chunk, 'ROLLBACK');

/** In the transaction that ran a statement with this text: its COMMIT, or the answer to it, is held back. */
const atCommit = (text: RegExp, when: 'before' | 'after'): Place => {
  const key = `ran ${text.source}`;
  return (chunk, direction, memory) => {
    if (direction === 'toClient') return memory.get(key) === 'committing' ? 'here' : undefined;
    if (text.test(chunk)) memory.set(key, true);
    if (isRollback(chunk)) memory.delete(key);
    if (!isCommit(chunk) || memory.get(key) !== true) return undefined;
    if (when === 'before') return 'here';
    memory.set(key, 'committing');
    return undefined;
  };
};
const beforeCommitOf = (text: RegExp): Place => atCommit(text, 'before');
const afterCommitOf = (text: RegExp): Place => atCommit(text, 'after');

const ingest = { services: ['ingest'] as const };
const dispatcher = { services: dispatchers };
const tracker = { services: ['call-tracker'] as const };
const pusher = { services: ['crm-pusher'] as const };

export const crashPoints: readonly CrashPoint[] = [
  { name: 'ingest: before the insert', ...ingest, link: 'postgres', place: beforeItSends(/insert into lead_receipts/) },
  {
    name: 'ingest: after the insert, before the HTTP answer',
    ...ingest,
    link: 'postgres',
    place: beforeItHears(/insert into lead_receipts/),
  },
  { name: 'ingest: before the publish', ...ingest, link: 'nats', place: beforeItSends(/HPUB lead\.created/) },
  { name: 'ingest: after the PubAck', ...ingest, link: 'nats', place: received(/"stream":"LEADS"/) },
  {
    name: 'ingest: before the outbox mark',
    ...ingest,
    link: 'postgres',
    place: beforeItSends(/update ingest_outbox set published_at/),
  },
  {
    name: 'call-tracker: before a request to be called back commits',
    ...tracker,
    link: 'postgres',
    place: beforeCommitOf(/callback_request":\{/),
  },
  {
    name: 'dispatcher: before a promise commits',
    ...dispatcher,
    link: 'postgres',
    place: beforeCommitOf(/insert into callbacks/),
  },
  {
    name: 'dispatcher: after a promise commits',
    ...dispatcher,
    link: 'postgres',
    place: afterCommitOf(/insert into callbacks/),
  },
  {
    name: 'dispatcher: before the claim commits',
    ...dispatcher,
    link: 'postgres',
    place: beforeCommitOf(/insert into dials/),
  },
  {
    name: 'dispatcher: after the claim commits',
    ...dispatcher,
    link: 'postgres',
    place: afterCommitOf(/insert into dials/),
  },
  {
    name: 'dispatcher: after the agent is dispatched',
    ...dispatcher,
    link: 'livekit',
    place: beforeItHears(/CreateRoom/),
  },
  {
    name: 'dispatcher: before the permit commits',
    ...dispatcher,
    link: 'postgres',
    place: beforeCommitOf(/update dials d set sent_at/),
  },
  {
    name: 'dispatcher: after the permit commits',
    ...dispatcher,
    link: 'postgres',
    place: afterCommitOf(/update dials d set sent_at/),
  },
  {
    name: 'dispatcher: before the dial is sent',
    ...dispatcher,
    link: 'livekit',
    place: beforeItSends(/CreateSIPParticipant/),
  },
  { name: 'dispatcher: after the dial is sent', ...dispatcher, link: 'livekit', place: afterItSent(/"sipCallTo"/) },
  {
    name: 'dispatcher: after the answer',
    ...dispatcher,
    link: 'livekit',
    place: beforeItHears(/CreateSIPParticipant/),
  },
  {
    name: 'dispatcher: before the dial’s result commits',
    ...dispatcher,
    link: 'postgres',
    place: beforeCommitOf(/call\.(answered|dial_failed)/),
  },
  {
    name: 'dispatcher: after the dial’s result commits',
    ...dispatcher,
    link: 'postgres',
    place: afterCommitOf(/call\.(answered|dial_failed)/),
  },
  {
    name: 'dispatcher: before the decision commits',
    ...dispatcher,
    link: 'postgres',
    place: beforeCommitOf(/decided_at = /),
  },
  {
    name: 'dispatcher: after the decision commits',
    ...dispatcher,
    link: 'postgres',
    place: afterCommitOf(/decided_at = /),
  },
  {
    name: 'dispatcher: before the ack of call.failed',
    ...dispatcher,
    link: 'nats',
    place: beforeItSends(/\$JS\.ACK\.CALLS\.dispatcher-calls/),
  },
  {
    name: 'dispatcher: after a PubAck, before the outbox mark',
    ...dispatcher,
    link: 'postgres',
    place: beforeItSends(/update dispatcher_outbox set published_at/),
  },
  {
    name: 'call-tracker: after a webhook commits, before its HTTP answer',
    ...tracker,
    link: 'postgres',
    place: afterCommitOf(/insert into call_facts/),
  },
  {
    name: 'call-tracker: before settling commits',
    ...tracker,
    link: 'postgres',
    place: beforeCommitOf(/call\.(qualified|failed)/),
  },
  {
    name: 'call-tracker: after settling commits',
    ...tracker,
    link: 'postgres',
    place: afterCommitOf(/call\.(qualified|failed)/),
  },
  {
    name: 'call-tracker: before the ack of a report',
    ...tracker,
    link: 'nats',
    place: beforeItSends(/\$JS\.ACK\.AGENT\.call-tracker-agent/),
  },
  { name: 'call-tracker: after the PubAck', ...tracker, link: 'nats', place: received(/"stream":"CALLS"/) },
  {
    name: 'crm-pusher: after sent_at commits, before the POST',
    ...pusher,
    link: 'postgres',
    place: afterCommitOf(/insert into crm_pushes \(call_id, attempts, customer_id, enquiries, sent_at/),
  },
  { name: 'crm-pusher: after the CRM’s create', ...pusher, link: 'crm', place: beforeItHears(/POST \/crm\/v1\/tasks/) },
  { name: 'crm-pusher: before pushed', ...pusher, link: 'postgres', place: beforeItSends(/set status = 'pushed'/) },
  {
    name: 'crm-pusher: after pushed commits',
    ...pusher,
    link: 'postgres',
    place: afterCommitOf(/set status = 'pushed'/),
  },
  {
    name: 'crm-pusher: before the ack',
    ...pusher,
    link: 'nats',
    place: beforeItSends(/\$JS\.ACK\.CALLS\.crm-pusher/),
  },
];

/** Kills, by `crash`, whoever comes to the place first. */
export function toWatcher(point: CrashPoint, crash: () => void): Watcher {
  let fired = false;
  return (chunk, direction, memory) => {
    if (fired) return 'pass';
    const place = point.place(chunk, direction, memory);
    if (place === undefined) return 'pass';
    fired = true;
    if (place === 'here') {
      crash();
      return 'withhold';
    }
    setImmediate(crash);
    return 'pass';
  };
}
