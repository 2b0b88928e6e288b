import type { AskedBy } from '@leadline/contracts/command';
import * as sources from '@leadline/contracts/commands/sources';
import type { Database } from '@leadline/database/open-database';
import { affected, instant, rows, type Sql } from '@leadline/database/sql';
import { answer, CommandRefused, type Answering } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { randomBytes, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { hashToken } from './connections.ts';
import type { SourceAdapter } from '../sources/adapter.ts';
import { readCredentials, toUrlBelow, type PullAdapter } from '../sources/pull-adapter.ts';
import { findPullAdapter } from '../sources/pull-registry.ts';
import { adapters, findAdapter } from '../sources/registry.ts';

/** The public address where vendors reach us, and the addresses where we reach them. */
export type Places = { publicUrl: string; vendorUrls: Record<string, string> };

/** Answers `ops.ingest.*_source(s)`: people list, add, rotate and disable connections. */
export async function manageSources(nats: Nats, postgres: Database, places: Places): Promise<Answering> {
  const answering = await Promise.all([
    answer(nats, sources.addSource, (asked) => addSource(asked, postgres, places)),
    answer(nats, sources.listSources, () => listSources(postgres)),
    answer(nats, sources.rotateSource, (asked) => rotateSource(asked, postgres, places)),
    answer(nats, sources.disableSource, (asked) => disableSource(asked, postgres)),
  ]);
  return {
    async stop() {
      await Promise.all(answering.map((command) => command.stop()));
    },
  };
}

async function addSource(
  asked: AskedBy<typeof sources.addSource>,
  postgres: Database,
  places: Places,
): Promise<sources.SourceConnection> {
  const adapter = findAdapter(asked.source);
  if (adapter === undefined) {
    throw new CommandRefused(`source: must be one of ${adapters.map(({ source }) => source).join(', ')}`);
  }
  const pull = findPullAdapter(adapter.source);
  const lacksSecret = adapter.secret === 'asked' && asked.secret === undefined;
  if (pull !== undefined && (lacksSecret || !isComplete(pull, asked.secret))) {
    throw new CommandRefused(`secret: ${adapter.title} needs ${toForm(pull)}; pass it with --secret`);
  }
  if (lacksSecret) {
    throw new CommandRefused(`secret: ${adapter.title} signs with one; pass it with --secret`);
  }
  const made = adapter.secret === 'made' && asked.secret === undefined ? makeToken(18) : undefined;
  const id = randomUUID();
  const token = makeToken(32);
  await postgres.transaction(async (sql) => {
    await affected(
      sql,
      `insert into source_connections (id, source, token_hash, secret, access_token, aliases, agent_mode,
                                       requests_per_minute, most_body_bytes)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        id,
        adapter.source,
        hashToken(token),
        asked.secret ?? made ?? null,
        asked.accessToken ?? null,
        JSON.stringify(asked.aliases),
        asked.agentMode ?? null,
        asked.requestsPerMinute,
        asked.mostBodyBytes,
      ],
    );
    await audit(sql, asked.who, { action: 'add_source', id, details: { source: adapter.source } });
  });
  const shown = toShown(adapter, { id, token, secret: made ?? asked.secret }, places);
  return made === undefined ? shown : { ...shown, secret: made };
}

async function rotateSource(
  asked: AskedBy<typeof sources.rotateSource>,
  postgres: Database,
  places: Places,
): Promise<sources.SourceConnection> {
  const token = makeToken(32);
  const adapter = await postgres.transaction(async (sql) => {
    const [changed] = await rows(
      sql,
      z.object({ source: z.string() }),
      `update source_connections
          set old_token_hash = case when $3::float8 > 0 then token_hash end,
              old_token_until = case when $3::float8 > 0 then clock_timestamp() + $3::float8 * interval '1 hour' end,
              token_hash = $2, enabled = true, changed_at = clock_timestamp()
        where id = $1 returning source`,
      [asked.id, hashToken(token), asked.keepOldHours],
    );
    await audit(sql, asked.who, {
      action: 'rotate_source',
      id: asked.id,
      details: { keepOldHours: asked.keepOldHours },
    });
    return changed && findAdapter(changed.source);
  });
  if (adapter === undefined) throw noSuch(asked.id);
  return toShown(adapter, { id: asked.id, token }, places);
}

async function disableSource(
  asked: AskedBy<typeof sources.disableSource>,
  postgres: Database,
): Promise<{ id: string }> {
  const changed = await postgres.transaction(async (sql) => {
    await audit(sql, asked.who, { action: 'disable_source', id: asked.id, details: {} });
    return affected(
      sql,
      `update source_connections set enabled = false, old_token_hash = null, changed_at = clock_timestamp() where id = $1`,
      [asked.id],
    );
  });
  if (changed === 0) throw noSuch(asked.id);
  return { id: asked.id };
}

const listed = z
  .object({
    id: z.string(),
    source: z.string(),
    enabled: z.boolean(),
    agentMode: z.string().nullable(),
    requestsPerMinute: z.number(),
    mostBodyBytes: z.number(),
    createdAt: instant,
    lastDeliveryAt: instant.nullable(),
    accepted: z.number(),
    repeated: z.number(),
    rejected: z.number(),
    otherNumbers: z.number(),
    isAsked: z.boolean(),
    readAt: instant.nullable(),
    failedAt: instant.nullable(),
    lastError: z.string().nullable(),
    blankSince: instant.nullable(),
    awaits: z.boolean(),
    waiting: z.number(),
    givenUp: z.number(),
    oldestAt: instant.nullable(),
    awaitedError: z.string().nullable(),
  })
  .transform(
    ({
      accepted,
      repeated,
      rejected,
      otherNumbers,
      isAsked,
      readAt,
      failedAt,
      lastError,
      blankSince,
      awaits,
      waiting,
      givenUp,
      oldestAt,
      awaitedError,
      ...connection
    }) => ({
      ...connection,
      createdAt: connection.createdAt.toISOString(),
      lastDeliveryAt: connection.lastDeliveryAt?.toISOString() ?? null,
      /** `otherNumbers`, of the accepted: a known id with another number. */
      lastDay: { accepted, repeated, rejected, otherNumbers },
      poll: isAsked
        ? {
            readAt: readAt?.toISOString() ?? null,
            failedAt: failedAt?.toISOString() ?? null,
            error: lastError,
            blankSince: blankSince?.toISOString() ?? null,
          }
        : null,
      awaited: awaits ? { waiting, givenUp, oldestAt: oldestAt?.toISOString() ?? null, error: awaitedError } : null,
    }),
  );

/**
 * Counts cover the last 24 hours. `poll`: for a vendor that we ask, when we read it last, what is wrong now, and since
 * when its answers have been empty. `awaited`: for a vendor that only names leads, how many we could not read so far or
 * gave up within a week, the oldest that we still ask for, and why.
 */
function listSources(postgres: Database): Promise<sources.ListedSource[]> {
  return rows(
    postgres.sql,
    listed,
    `select s.id, s.source, s.enabled, s.agent_mode, s.requests_per_minute, s.most_body_bytes, s.created_at,
            (select max(received_at) from lead_receipts r where r.connection_id = s.id) as last_delivery_at,
            p.connection_id is not null as is_asked, p.succeeded_at as read_at, p.failed_at, p.last_error, p.blank_since,
            a.named is not null as awaits, coalesce(a.waiting, 0) as waiting, coalesce(a.given_up, 0) as given_up,
            a.oldest_at, a.last_error as awaited_error,
            coalesce(d.accepted, 0) as accepted, coalesce(d.repeated, 0) as repeated, coalesce(d.rejected, 0) as rejected,
            coalesce(d.other_numbers, 0) as other_numbers
       from source_connections s left join source_polls p on p.connection_id = s.id
       left join lateral (
         select nullif(count(*), 0) as named,
                count(*) filter (where given_up_at is null and last_error is not null)::int as waiting,
                count(*) filter (where given_up_at is not null)::int as given_up,
                min(received_at) filter (where given_up_at is null and last_error is not null) as oldest_at,
                (array_agg(last_error order by received_at desc) filter (where last_error is not null))[1] as last_error
           from awaited_leads w where w.connection_id = s.id and w.done_at is null) a on true
       left join lateral (
         select count(*) filter (where verdict = 'accepted' and source_lead_id is not null)::int as accepted,
                count(*) filter (where verdict = 'accepted' and source_lead_id is null)::int as repeated,
                count(*) filter (where verdict = 'rejected')::int as rejected,
                count(*) filter (where same_id_as is not null)::int as other_numbers
           from lead_receipts r
          where r.connection_id = s.id and r.received_at > clock_timestamp() - interval '1 day') d on true
      order by s.created_at, s.id`,
    [],
  );
}

function toShown(
  adapter: SourceAdapter,
  { id, token, secret }: { id: string; token: string; secret?: string | undefined },
  places: Places,
): sources.SourceConnection {
  const pull = adapter.methods.length === 0 ? findPullAdapter(adapter.source) : undefined;
  const base = places.vendorUrls[adapter.source];
  const url =
    pull === undefined || base === undefined
      ? `${places.publicUrl.replace(/\/$/, '')}/v1/sources/${adapter.source}/${token}`
      : toUrlBelow(base, pull.path, {}).href;
  return {
    id,
    source: adapter.source,
    url,
    curl: adapter.curl(url, secret ?? 'YOUR_KEY'),
  };
}

function isComplete(pull: PullAdapter, secret: string | undefined): boolean {
  return secret === undefined || readCredentials(pull, secret) !== undefined;
}

function toForm({ credentials }: PullAdapter): string {
  return credentials.map((credential) => credential.toUpperCase().replaceAll(' ', '_')).join(':');
}

function makeToken(bytes: number): string {
  return randomBytes(bytes).toString('base64url');
}

function noSuch(id: string): CommandRefused {
  return new CommandRefused(`id: there is no source ${id}; leadline sources list shows them`);
}

async function audit(
  sql: Sql,
  by: string,
  { action, id, details }: { action: string; id: string; details: object },
): Promise<void> {
  await affected(sql, `insert into ingest_audit (action, who, connection_id, details) values ($1, $2, $3, $4)`, [
    action,
    by,
    id,
    JSON.stringify(details),
  ]);
}
