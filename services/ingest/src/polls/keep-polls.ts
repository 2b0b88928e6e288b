import type { Database } from '@leadline/database/open-database';
import { affected, instant, row, rows } from '@leadline/database/sql';
import { z } from 'zod';
import { connectionRow, type Connection } from '../vendors/connections.ts';
import type { PollWindow } from '../sources/pull-adapter.ts';

/** A question that is this process's to ask. */
export type Poll = {
  connection: Connection;
  ask: number;
  readTo: Date;
  /** Since when the vendor has answered without a word; null when its last answer had some. */
  blankSince: Date | null;
  failures: number;
  now: Date;
};

/** How much of what came in before a connection was made is read. */
const firstHours = 24;

/** The connections that are due. New ones begin with what came in on the day before they were made. */
export async function findDuePolls(postgres: Database, sources: readonly string[]): Promise<Connection[]> {
  const sql = postgres.sql;
  await affected(
    sql,
    `insert into source_polls (connection_id, read_to)
     select id, created_at - interval '${firstHours} hours' from source_connections
      where enabled and secret is not null and source = any($1)
         on conflict do nothing`,
    [sources],
  );
  return rows(
    sql,
    connectionRow,
    `select c.id, c.source, c.token_hash, null as old_token_hash, c.secret, c.access_token, c.aliases, c.agent_mode,
            c.requests_per_minute, c.most_body_bytes
       from source_polls p join source_connections c on c.id = p.connection_id
      where c.enabled and c.secret is not null and c.source = any($1) and p.next_at <= clock_timestamp()
      order by p.next_at`,
    [sources],
  );
}

const claimed = z.object({
  asks: z.number(),
  readTo: instant,
  blankSince: instant.nullable(),
  failures: z.number(),
  now: instant,
});

/**
 * Takes a due question before it is asked: whoever dies over it, it is not asked again within the vendor's limit.
 * @returns undefined when another was quicker
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

/** All of the window is stored. What was read never moves back. */
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

/** What was refused of these enquiries, with what was written in their numbers' place, as `toRefusedKey` names it. */
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
