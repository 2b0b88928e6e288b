import type { Database } from '@leadline/database/open-database';
import { affected, instant, row, rows } from '@leadline/database/sql';
import { z } from 'zod';
import { connectionRow, type Connection } from '../vendors/connections.ts';
import type { PollWindow } from '../sources/pull-adapter.ts';

/** A poll that this process may make. */
export type Poll = {
  connection: Connection;
  ask: number;
  readTo: Date;
  /** Since when the vendor has answered with an empty body; null if its last answer had text. */
  blankSince: Date | null;
  failures: number;
  now: Date;
};

/** How far back the first poll of a new connection reaches. */
const firstHours = 24;

/** Connections to be polled now, and in how many ms the next is due; undefined: none. */
export type DuePolls = { due: Connection[]; nextInMs: number | undefined };

/** A new connection begins with the day before somebody made it. */
export async function findDuePolls(postgres: Database, sources: readonly string[]): Promise<DuePolls> {
  const sql = postgres.sql;
  const found = await rows(
    sql,
    z.object({ ...connectionRow.shape, isNew: z.boolean(), inMs: z.number() }),
    `select c.id, c.source, c.token_hash, null as old_token_hash, c.secret, c.access_token, c.aliases, c.agent_mode,
            c.requests_per_minute, c.most_body_bytes, p.connection_id is null as is_new,
            coalesce(extract(epoch from p.next_at - clock_timestamp()) * 1000, 0)::float8 as in_ms
       from source_connections c left join source_polls p on p.connection_id = c.id
      where c.enabled and c.secret is not null and c.source = any($1)
      order by p.next_at nulls first`,
    [sources],
  );
  const added = found.filter(({ isNew }) => isNew).map(({ id }) => id);
  if (added.length > 0)
    await affected(
      sql,
      `insert into source_polls (connection_id, read_to)
       select id, created_at - interval '${firstHours} hours' from source_connections where id = any($1)
           on conflict do nothing`,
      [added],
    );
  return { due: found.filter(({ inMs }) => inMs <= 0), nextInMs: found.find(({ inMs }) => inMs > 0)?.inMs };
}

const claimed = z.object({
  asks: z.number(),
  readTo: instant,
  blankSince: instant.nullable(),
  failures: z.number(),
  now: instant,
});

/**
 * Claims a due poll before asking: if this process dies, nobody asks the vendor again within its limit.
 * @returns undefined when another replica was quicker
 */
export async function claimPoll(
  postgres: Database,
  connection: Connection,
  leastGapMs: number,
): Promise<Poll | undefined> {
  const found = await row(
    postgres.sql,
    claimed,
    `update source_polls
        set asks = asks + 1, asked_at = clock_timestamp(), next_at = clock_timestamp() + $2 * interval '1 millisecond'
      where connection_id = $1 and next_at <= clock_timestamp()
     returning asks, read_to, blank_since, failures, clock_timestamp() as now`,
    [connection.id, leastGapMs],
  );
  if (found === undefined) return undefined;
  const { asks: ask, readTo, blankSince, failures, now } = found;
  return { connection, ask, readTo, blankSince, failures, now };
}

/** Notes that the whole window is stored. The end of what we read never moves back. */
export async function keepSuccess(
  postgres: Database,
  { connection, ask }: Poll,
  { window, read, blank, nextAt }: { window: PollWindow; read: number; blank: boolean; nextAt: Date },
): Promise<void> {
  await affected(
    postgres.sql,
    `update source_polls
        set read_to = greatest(read_to, $3), next_at = $4, succeeded_at = clock_timestamp(), last_rows = $5,
            failures = 0, last_error = null,
            blank_since = case when $6 then coalesce(blank_since, clock_timestamp()) end
      where connection_id = $1 and asks = $2`,
    [connection.id, ask, window.to, nextAt, read, blank],
  );
}

export async function keepFailure(
  postgres: Database,
  { connection, ask }: Poll,
  { error, nextAt }: { error: string; nextAt: Date },
): Promise<void> {
  await affected(
    postgres.sql,
    `update source_polls
        set next_at = $3, failures = failures + 1, last_error = $4, failed_at = clock_timestamp()
      where connection_id = $1 and asks = $2`,
    [connection.id, ask, nextAt, error],
  );
}

/** The refused enquiries among these, with what they had in the phone's place, named by `toRefusedKey`. */
export async function findRefusedEnquiries(
  postgres: Database,
  source: string,
  idScope: string,
  ids: readonly string[],
): Promise<Set<string>> {
  const found = await rows(
    postgres.sql,
    z.object({ sourceLeadId: z.string(), phoneRaw: z.string().nullable() }),
    `select source_lead_id, phone_raw from lead_receipts
      where source = $1 and id_scope = $2 and source_lead_id = any($3) and verdict = 'rejected'`,
    [source, idScope, ids],
  );
  return new Set(found.map((refused) => toRefusedKey(refused.sourceLeadId, refused.phoneRaw)));
}

export function toRefusedKey(id: string, phoneRaw: string | null): string {
  return JSON.stringify([id, phoneRaw]);
}
