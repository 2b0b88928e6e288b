import { reconcile } from '@leadline/contracts/commands/reconcile';
import type { Database } from '@leadline/database/open-database';
import { answer, type Answering } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { keepSaid, readSaidSince } from '@leadline/messaging/reconcile';

/**
 * `ops.crm-pusher.reconcile` { who, reason }: somebody restored the database from a backup. Calls that were pushed
 * since then find their task in the CRM by its reference, so this only stores the published events in the outbox. Safe
 * to repeat.
 */
export function answerReconcile(nats: Nats, postgres: Database): Promise<Answering> {
  return answer(nats, reconcile['crm-pusher'], async (asked) => {
    const published = await readSaidSince(nats, postgres.sql, 'crm-pusher');
    await postgres.transaction((sql) => keepSaid(sql, 'crm-pusher', published));
    nats.log.warn({ events: published.events.length, who: asked.who }, 'reconciled with the streams by an operator');
    return { events: published.events.length };
  });
}
