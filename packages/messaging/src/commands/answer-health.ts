import { databaseNow } from '@leadline/database/locks';
import { row } from '@leadline/database/sql';
import { within } from '@leadline/time/within';
import type { EntityManager } from '@mikro-orm/postgresql';
import { z } from 'zod';
import { answer, type Answering } from '../connection/ask.ts';
import type { Nats } from '../connection/connect.ts';
import { outboxTables } from '../outbox/outbox.ts';
import type { ServiceUser } from '../topology/topology.ts';

/** The state of one thing each: true, or what is wrong in a few words. */
const parts = z.record(z.string(), z.union([z.literal(true), z.string()]));
export type Parts = z.infer<typeof parts>;

/** What `ops.<service>.health` answers, of the replica that heard it. */
export const health = z.object({
  /** What the service stands on: as `/readyz` tells. */
  parts,
  /** Systems that are not ours, as this service reaches them; empty unless asked for. */
  far: parts,
  /** Those that other services must share or a person may ask for. No secrets. */
  settings: z.record(z.string(), z.union([z.string(), z.number()])),
  outbox: z.object({ waiting: z.number(), oldestSeconds: z.number(), failed: z.number() }).nullable(),
  /** By this machine's clock. */
  serviceTime: z.iso.datetime(),
  /** By the database's clock, which decides; null where it does not answer. */
  databaseTime: z.iso.datetime().nullable(),
});
export type Health = z.infer<typeof health>;

/** Answers `ops.<service>.health` `{ far: boolean }`. It changes nothing, and answers while its database is down. */
export function answerHealth(options: {
  nats: Nats;
  service: ServiceUser | 'dashboard';
  em: () => EntityManager;
  parts: () => Promise<Parts>;
  /** Asks the far systems, each within seconds. */
  far?: () => Promise<Parts>;
  settings?: Record<string, string | number>;
}): Promise<Answering> {
  const { nats, service, em } = options;
  const asked = z.object({ far: z.boolean().default(false) });
  return answer(nats, `ops.${service}.health`, asked, async ({ far }): Promise<Health> => {
    const [standing, reached, database] = await Promise.all([
      options.parts(),
      far ? options.far?.() : undefined,
      // One that hangs is told among the parts.
      within(2_000, readDatabase(em, service)).catch(() => undefined),
    ]);
    return {
      parts: standing,
      far: reached ?? {},
      settings: options.settings ?? {},
      outbox: database?.outbox ?? null,
      serviceTime: new Date().toISOString(),
      databaseTime: database?.now.toISOString() ?? null,
    };
  });
}

async function readDatabase(
  open: () => EntityManager,
  service: ServiceUser | 'dashboard',
): Promise<{ now: Date; outbox: Health['outbox'] }> {
  const em = open();
  const now = await databaseNow(em);
  if (service === 'dashboard') return { now, outbox: null };
  const outbox = await row(
    em,
    z.object({ waiting: z.number(), oldest: z.number(), failed: z.number() }),
    `select count(*) filter (where failed_at is null)::int as waiting,
            coalesce(extract(epoch from $1::timestamptz - min(created_at) filter (where failed_at is null)), 0)::float8 as oldest,
            count(*) filter (where failed_at is not null)::int as failed
       from ${outboxTables[service]} where published_at is null`,
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
