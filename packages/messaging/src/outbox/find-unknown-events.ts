import { publishes } from '@leadline/contracts/publishers';
import type { PublishingService } from '@leadline/contracts/services';
import type { StoredMsg } from 'nats';
import type { Nats } from '../connection/connect.ts';
import { outboxTable } from './outbox.ts';
import { authorshipOf, readOwnEvent, type OwnEvent } from '../consume/own-event.ts';
import { fetchMessage } from '../streams/stored-message.ts';
import { streamOf, type StreamName } from '../topology/topology.ts';

/** The part of a pg client that is needed here. */
export type Queryable = { query(text: string, values: unknown[]): Promise<{ rowCount: number | null }> };

/** Messages that stand where a service's newest event was looked for and are no event of it. */
export type PassedOver = { subject: string; messages: number };

/**
 * Subjects whose newest event no outbox row of this database has: the database has come back older than what already
 * happened. Only an event of the subject's owner says so. What somebody else put there is passed over, however much it
 * is, and told to `tell` once; so is a redriven event, which is nobody's own, untold.
 * Throws when NATS or the database can't be asked.
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

/** The newest own event of each of a service's subjects that its outbox does not know. */
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
 * The message down to which a subject is known, and what was found below it: nobody walks through the same flood twice.
 * Its time tells it from another in its place, in a stream that was lost and made anew.
 */
type Walked = { to: number; at: number; own: OwnEvent | undefined };
const walkedBy = new WeakMap<Nats, Map<string, Walked>>();

/** The newest event of each subject that its owner said; of a subject without one, nothing. */
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
 * Walks a stream back from these messages, all their subjects in one walk, until each has its owner's newest event. It
 * ends where `isOld` says that the outbox has published since: whatever is missing was said later.
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
  /** Those whose walk has come to where an earlier one began; that one knows the rest. */
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
    // What was not looked for to the end depends on the database that was asked, and the next may be another.
    if (own.has(subject) || !endedEarly)
      walked.set(subject, { to: from.seq, at: from.time.getTime(), own: own.get(subject) });
    if (foreign > 0) ask.tell({ subject, messages: foreign });
  }
  return [...own.values()].filter((event) => event !== undefined);
}

/** The newest message of a subject that is no event of the subject's owner. */
export type ForeignMessage = { service: PublishingService; subject: string; seq: number; at: Date };

/** Those subjects of these services whose newest message is foreign. Throws when NATS can't be asked. */
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
