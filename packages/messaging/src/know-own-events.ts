import type { StoredMsg } from 'nats';
import type { Nats } from './connect.ts';
import { redrivenBy } from './dead-letters.ts';
import { outboxTables } from './outbox.ts';
import { fetchMessage } from './stored-message.ts';
import { publishes, streamOf, type ServiceUser } from './topology.ts';

/** As much of a pg client as is needed here. */
export type Queryable = { query(text: string, values: unknown[]): Promise<{ rowCount: number | null }> };

/**
 * Subjects whose newest event no outbox row of this database has: the database has come back older than what already
 * happened. A redriven event is nobody's own, so the one before it is asked for. Throws when NATS or the database can't be asked.
 */
export async function findUnknownEvents(
  nats: Nats,
  database: Queryable,
  services: readonly ServiceUser[],
): Promise<string[]> {
  const looks = services.flatMap((service) =>
    publishes[service].map(async (subject) => {
      return { service, subject, newest: await newestOwn(nats, subject) };
    }),
  );
  const unknown: string[] = [];
  for (const { service, subject, newest } of await Promise.all(looks)) {
    if (newest === undefined) continue;
    if (!(await isKnown(database, service, newest.header.get('ce-id')))) unknown.push(subject);
  }
  return unknown;
}

const atOnce = 100;
const mostBack = 1_000;

/** The newest message of a subject that no operator sent; undefined when there is none among the last thousand. */
async function newestOwn(nats: Nats, subject: string): Promise<StoredMsg | undefined> {
  const stream = streamOf(subject);
  const newest = await fetchMessage(nats, stream, { last_by_subj: subject });
  if (newest === undefined || isOwn(newest)) return newest;
  for (let seq = newest.seq - 1; seq > Math.max(0, newest.seq - mostBack); seq -= atOnce) {
    const seqs = Array.from({ length: Math.min(atOnce, seq) }, (_, back) => seq - back);
    const before = await Promise.all(seqs.map((one) => fetchMessage(nats, stream, { seq: one })));
    const own = before.find((message) => message?.subject === subject && isOwn(message));
    if (own !== undefined) return own;
  }
  return undefined;
}

function isOwn(message: StoredMsg): boolean {
  return message.header.get(redrivenBy) === '';
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

async function isKnown(database: Queryable, service: ServiceUser, id: string): Promise<boolean> {
  if (!uuid.test(id)) return false;
  const { rowCount } = await database.query(`select id from ${outboxTables[service]} where id = $1`, [id]);
  return rowCount !== null && rowCount > 0;
}
