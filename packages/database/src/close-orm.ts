import type { MikroORM } from '@mikro-orm/postgresql';
import { setTimeout as wait } from 'node:timers/promises';

/** Ends a pool. One of its connections that the server ended in mid-transaction is never given back, and waiting for it would last for ever. */
export async function closeOrm(orm: MikroORM, withinMs = 2_000): Promise<void> {
  const late = new AbortController();
  const timer = wait(withinMs, undefined, { signal: late.signal }).catch(() => undefined);
  await Promise.race([orm.close(true), timer]);
  late.abort();
}
