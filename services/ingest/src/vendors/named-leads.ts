import type { Database } from '@leadline/database/open-database';
import { affected, instant, row, rows } from '@leadline/database/sql';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { connectionRow, type Connection } from './connections.ts';
import type { NamedLead } from '../sources/adapter.ts';

/** Resolves once it is committed that we will fetch these leads. Naming a lead twice fetches it once. */
export type AwaitLeads = (leads: readonly NamedLead[], connection: Connection, notification: string) => Promise<void>;

export function openAwaitLeads(postgres: Database, wake: () => void): AwaitLeads {
  return async (leads, connection, notification) => {
    await affected(
      postgres.sql,
      // If a vendor names a lead that we gave up, ask for it again.
      `insert into awaited_leads (id, connection_id, source, source_lead_id, notification)
       select * from jsonb_to_recordset($1::jsonb)
         as a(id uuid, connection_id uuid, source text, source_lead_id text, notification text)
       on conflict (source, source_lead_id) do update
         set next_at = clock_timestamp(), given_up_at = null, received_at = clock_timestamp(), attempts = 0
         where awaited_leads.given_up_at is not null`,
      [
        JSON.stringify(
          [...new Set(leads.map(({ sourceLeadId }) => sourceLeadId))].map((source_lead_id) => ({
            id: randomUUID(),
            connection_id: connection.id,
            source: connection.source,
            source_lead_id,
            notification: notification.toWellFormed().replaceAll('\0', '\ufffd'),
          })),
        ),
      ],
    );
    wake();
  };
}

const dueRow = z.object({
  id: z.string(),
  sourceLeadId: z.string(),
  notification: z.string(),
  attempts: z.number(),
  receivedAt: instant,
  connection: connectionRow,
});
export type DueLead = z.output<typeof dueRow>;

/**
 * Claims due leads for long enough that nobody else fetches them meanwhile. If the process dies, they become due again.
 * Counts each as asked for.
 */
export function claimNamedLeads(postgres: Database, maxLeads: number, forMs: number): Promise<DueLead[]> {
  return rows(
    postgres.sql,
    dueRow,
    `with due as (
       select id from awaited_leads where done_at is null and given_up_at is null and next_at <= clock_timestamp()
        order by next_at limit $1 for update skip locked
     ), claimed as (
       update awaited_leads a
          set next_at = clock_timestamp() + $2::float8 * interval '1 millisecond', attempts = attempts + 1
         from due where a.id = due.id
       returning a.*
     )
     select c.id, c.source_lead_id, c.notification, c.attempts, c.received_at,
            jsonb_build_object('id', s.id, 'source', s.source, 'tokenHash', s.token_hash, 'oldTokenHash', s.old_token_hash,
              'secret', s.secret, 'accessToken', s.access_token, 'aliases', s.aliases, 'agentMode', s.agent_mode,
              'requestsPerMinute', s.requests_per_minute, 'mostBodyBytes', s.most_body_bytes) as connection
       from claimed c join source_connections s on s.id = c.connection_id`,
    [maxLeads, forMs],
  );
}

export async function settleNamedLead(
  postgres: Database,
  id: string,
  as: { kind: 'done' } | { kind: 'later'; delayMs: number; error: string } | { kind: 'given_up'; error: string },
): Promise<void> {
  await affected(
    postgres.sql,
    `update awaited_leads
        set done_at = case when $2 = 'done' then clock_timestamp() end,
            given_up_at = case when $2 = 'given_up' then clock_timestamp() end,
            next_at = clock_timestamp() + $3::float8 * interval '1 millisecond', last_error = $4
      where id = $1`,
    [id, as.kind, as.kind === 'later' ? as.delayMs : 0, as.kind === 'done' ? null : as.error],
  );
}

/**
 * Asks again for leads that we gave up, however long ago: somebody may have corrected the token or a permission.
 * @param asked.apply false changes nothing
 * @returns how many there are
 */
export async function askAgain(
  postgres: Database,
  asked: { since: Date; source: string | null; apply: boolean },
): Promise<number> {
  const sql = postgres.sql;
  const which = 'given_up_at is not null and given_up_at >= $1 and ($2::text is null or source = $2)';
  if (asked.apply) {
    return affected(
      sql,
      `update awaited_leads
          set given_up_at = null, next_at = clock_timestamp(), received_at = clock_timestamp(), attempts = 0
        where ${which}`,
      [asked.since, asked.source],
    );
  }
  const found = await row(
    sql,
    z.object({ count: z.number() }),
    `select count(*)::int as count from awaited_leads where ${which}`,
    [asked.since, asked.source],
  );
  return found?.count ?? 0;
}
