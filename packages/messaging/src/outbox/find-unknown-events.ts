import { publishes } from '@leadline/contracts/publishers';
import type { PublishingService } from '@leadline/contracts/services';
import type { StoredMsg } from 'nats';
import type { Nats } from '../connection/connect.ts';
import { outboxTable } from './outbox.ts';
import { authorshipOf, readOwnEvent, type OwnEvent } from '../consume/own-event.ts';
import { fetchMessage } from '../streams/stored-message.ts';
import { streamOf, type StreamName } from '../topology/topology.ts';

/** The part of a pg client that this needs. */
export type Queryable = { query(text: string, values: unknown[]): Promise<{ rowCount: number | null }> };

/** Messages in the place of a service's newest event that are none of its events. */
export type PassedOver = { subject: string; messages: number };

/**
 * Finds subjects whose newest event has no outbox row in this database: then the database is older than what already
 * happened. Only an event of the subject's owner proves that. Other messages are passed over, however many, and
 * reported to `tell` once; redriven events are passed over silently. Throws when NATS or the database does not answer.
 */
export async function findUnknownEvents(
  nats: Nats,
  database: Queryable,
  services: readonly PublishingService[],
  tell: (passedOver: PassedOver[]) => void = () => undefined,
): Promise<string[]> {
  const passedOver: PassedOver[] = [];
  const events = await Promise.all(
    services.map((service) => findUnknownOf(nats, database, service, (one) => passedOver.push(one))),
  );
  if (passedOver.length > 0) tell(passedOver);
  return events.flat().map(({ type }) => type);
}

/** The newest own event of each of a service's subjects, if its outbox does not know it. */
export async function findUnknownOf(
  nats: Nats,
  database: Queryable,
  service: PublishingService,
  tell: (passedOver: PassedOver) => void = () => undefined,
): Promise<OwnEvent[]> {
  const unknown: OwnEvent[] = [];
  for (const event of await findNewestOwn(nats, database, service, tell)) {
    const { rowCount } = await database.query(`select id from ${outboxTable(service)} where id = $1`, [event.id]);
    if (rowCount === null || rowCount === 0) unknown.push(event);
  }
  return unknown;
}

/**
 * How far a subject has been read, and what was found, so that nobody reads through the same flood twice. The time
 * tells the message from another in the same place of a recreated stream.
 */
type Walked = { to: number; at: number; own: OwnEvent | undefined };
const walkedBy = new WeakMap<Nats, Map<string, Walked>>();

/** The newest event of each subject that its owner published; subjects without one are left out. */
async function findNewestOwn(
  nats: Nats,
  database: Queryable,
  service: PublishingService,
  tell: (passedOver: PassedOver) => void,
): Promise<OwnEvent[]> {
  const found: OwnEvent[] = [];
  const behind = new Map<StreamName, StoredMsg[]>();
  const looks = publishes[service].map(async (subject) => {
    const stream = streamOf(subject);
    const newest = await fetchMessage(nats, stream, { last_by_subj: subject });
    if (newest === undefined) return;
    const own = readOwnEvent(newest);
    if (own === undefined) behind.set(stream, [...(behind.get(stream) ?? []), newest]);
    else found.push(own);
  });
  await Promise.all(looks);
  for (const [stream, newest] of behind) {
    const isOld = async (message: StoredMsg): Promise<boolean> => {
      const { rowCount } = await database.query(
        `select 1 from ${outboxTable(service)} where published_at > $1::timestamptz + interval '1 hour' limit 1`,
        [message.time],
      );
      return rowCount !== null && rowCount > 0;
    };
    found.push(...(await lookBehind(nats, stream, newest, { isOld, tell })));
  }
  return found;
}

const atOnce = 200;

/**
 * Reads a stream backwards from these messages, all subjects in one pass, until each has its owner's newest event. It
 * ends where `isOld` says that the outbox has published since: anything missing is newer.
 */
async function lookBehind(
  nats: Nats,
  stream: StreamName,
  newest: readonly StoredMsg[],
  ask: { isOld: (message: StoredMsg) => Promise<boolean>; tell: (passedOver: PassedOver) => void },
): Promise<OwnEvent[]> {
  const walked = walkedBy.get(nats) ?? new Map<string, Walked>();
  walkedBy.set(nats, walked);
  const first = (await fetchMessage(nats, stream, { seq: 1, next_by_subj: '>' }))?.seq ?? 1;
  const sought = new Map(newest.map((message) => [message.subject, { from: message, foreign: 0 }]));
  const own = new Map<string, OwnEvent | undefined>();
  let endedEarly = false;
  /** Ends the reads that have reached the beginning of an earlier one, which knows the rest. */
  const settle = ({ seq, time }: StoredMsg): void => {
    for (const subject of sought.keys()) {
      const before = walked.get(subject);
      if (own.has(subject) || before?.to !== seq || before.at !== time.getTime()) continue;
      own.set(subject, before.own);
    }
  };
  const top = Math.max(...newest.map(({ seq }) => seq));
  for (let seq = top; seq >= first && own.size < sought.size;) {
    const seqs = Array.from({ length: Math.min(atOnce, seq - first + 1) }, (_, back) => seq - back);
    const messages = await Promise.all(seqs.map((number) => fetchMessage(nats, stream, { seq: number })));
    for (const message of messages) {
      if (message === undefined) continue;
      settle(message);
      const subject = sought.get(message.subject);
      if (subject === undefined || own.has(message.subject)) continue;
      const event = readOwnEvent(message);
      if (event !== undefined) own.set(message.subject, event);
      else if (authorshipOf(message.subject, (name) => message.header.get(name)) !== 'redriven') subject.foreign++;
    }
    seq -= seqs.length;
    const oldest = messages.findLast((message) => message !== undefined);
    endedEarly = oldest !== undefined && own.size < sought.size && (await ask.isOld(oldest));
    if (endedEarly) break;
  }
  for (const [subject, { from, foreign }] of sought) {
    // An unfinished read depends on the database that was asked, and the next one may be another.
    if (own.has(subject) || !endedEarly)
      walked.set(subject, { to: from.seq, at: from.time.getTime(), own: own.get(subject) });
    if (foreign > 0) ask.tell({ subject, messages: foreign });
  }
  return [...own.values()].filter((event) => event !== undefined);
}

/** The newest message of a subject, if it is no event of the subject's owner. */
export type ForeignMessage = { service: PublishingService; subject: string; seq: number; at: Date };

/** The subjects of these services whose newest message is foreign. Throws when NATS does not answer. */
export async function findForeignMessages(
  nats: Nats,
  services: readonly PublishingService[],
): Promise<ForeignMessage[]> {
  const looks = services.flatMap((service) =>
    publishes[service].map(async (subject): Promise<ForeignMessage[]> => {
      const newest = await fetchMessage(nats, streamOf(subject), { last_by_subj: subject });
      if (newest === undefined || readOwnEvent(newest) !== undefined) return [];
      if (authorshipOf(subject, (name) => newest.header.get(name)) === 'redriven') return [];
      return [{ service, subject, seq: newest.seq, at: newest.time }];
    }),
  );
  return (await Promise.all(looks)).flat();
}
