import { health, type Health, type Parts } from '@leadline/contracts/commands/health';
import type { ServiceName } from '@leadline/contracts/services';
import { databaseNow } from '@leadline/database/locks';
import { row, type Sql } from '@leadline/database/sql';
import { within } from '@leadline/time/within';
import { z } from 'zod';
import { answer, type Answering } from '../connection/ask.ts';
import type { Nats } from '../connection/connect.ts';
import { outboxTable } from '../outbox/outbox.ts';

/**
 * Answers `ops.<service>.health` `{ far: boolean }`. It changes nothing, and works while the service's database is
 * down.
 */
export function answerHealth(options: {
  nats: Nats;
  service: ServiceName;
  sql: Sql;
  parts: () => Promise<Parts>;
  /** Checks the far systems, each within seconds. */
  far?: () => Promise<Parts>;
  settings?: Record<string, string | number>;
  webhooks?: () => { lastAt: Date | null; refusedAt: Date | null };
}): Promise<Answering> {
  const { nats, service, sql } = options;
  return answer(nats, health[service], async ({ far }) => {
    const [standing, reached, database] = await Promise.all([
      options.parts(),
      far ? options.far?.() : undefined,
      // A check that hangs is reported among the parts.
      within(2_000, readDatabase(sql, service)).catch(() => undefined),
    ]);
    const webhooks = options.webhooks?.();
    return {
      ...(webhooks === undefined
        ? {}
        : {
            webhooks: {
              lastAt: webhooks.lastAt?.toISOString() ?? null,
              refusedAt: webhooks.refusedAt?.toISOString() ?? null,
            },
          }),
      parts: standing,
      far: reached ?? {},
      settings: options.settings ?? {},
      outbox: database?.outbox ?? null,
      serviceTime: new Date().toISOString(),
      databaseTime: database?.now.toISOString() ?? null,
    };
  });
}

async function readDatabase(sql: Sql, service: ServiceName): Promise<{ now: Date; outbox: Health['outbox'] }> {
  const now = await databaseNow(sql);
  if (service === 'dashboard') return { now, outbox: null };
  const outbox = await row(
    sql,
    z.object({ waiting: z.number(), oldest: z.number(), failed: z.number() }),
    `select count(*) filter (where failed_at is null)::int as waiting,
            coalesce(extract(epoch from $1::timestamptz - min(created_at) filter (where failed_at is null)), 0)::float8 as oldest,
            count(*) filter (where failed_at is not null)::int as failed
       from ${outboxTable(service)} where published_at is null`,
    [now],
  );
  return {
    now,
    outbox: {
      waiting: outbox?.waiting ?? 0,
      oldestSeconds: Math.max(0, outbox?.oldest ?? 0),
      failed: outbox?.failed ?? 0,
    },
  };
}
