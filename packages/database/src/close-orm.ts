import type { MikroORM } from '@mikro-orm/postgresql';
import { within } from '@leadline/time/within';

/** Ends a pool. One of its connections that the server ended in mid-transaction is never given back, and waiting for it would last for ever. */
export async function closeOrm(orm: MikroORM, withinMs = 2_000): Promise<void> {
  await within(withinMs, orm.close(true));
}
