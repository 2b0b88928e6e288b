import type { PublishingService, ServiceName } from '@leadline/contracts/services';
import { row, type Sql } from '@leadline/database/sql';
import { z } from 'zod';
import type { Nats } from '../connection/connect.ts';
import { eventDurablesOf, type MessagingMetrics } from '../consume/messaging-metrics.ts';
import { outboxTable } from './outbox.ts';
import { pausedUntil } from '../topology/read-topology.ts';
import { durables } from '../topology/topology.ts';

const answerWithinMs = 1_000;

/** Updates the gauges: the outbox from its rows, the durables from JetStream. All replicas report the same. */
export async function measureMessaging(options: {
  sql: Sql;
  nats: Nats;
  service: ServiceName;
  metrics: MessagingMetrics;
}): Promise<void> {
  const { sql, nats, service, metrics } = options;
  await Promise.all([
    service === 'dashboard' ? undefined : measureOutbox(sql, service, metrics),
    measureDurables(nats, service, metrics),
  ]);
}

async function measureOutbox(sql: Sql, service: PublishingService, metrics: MessagingMetrics): Promise<void> {
  const table = outboxTable(service);
  const found = await row(
    sql,
    z.object({ age: z.number(), failed: z.number() }),
    `select coalesce(extract(epoch from clock_timestamp() -
              (select created_at from ${table} where published_at is null and failed_at is null order by seq limit 1)),
              0)::float8 as age,
            (select count(*)::int from ${table} where failed_at is not null) as failed`,
    [],
  );
  metrics.outboxAge.set(found?.age ?? 0);
  metrics.outboxFailed.set(found?.failed ?? 0);
}

async function measureDurables(nats: Nats, service: ServiceName, metrics: MessagingMetrics): Promise<void> {
  await Promise.all(
    eventDurablesOf(service).map(async (durable) => {
      // An old value would suggest that all is well.
      const forget = (): void => {
        metrics.pending.remove({ durable });
        metrics.ackPending.remove({ durable });
        metrics.paused.remove({ durable });
      };
      if (!nats.isUp()) return forget();
      try {
        const manager = await nats.connection.jetstreamManager({ checkAPI: false, timeout: answerWithinMs });
        const info = await manager.consumers.info(durables[durable].stream, durable);
        metrics.pending.set({ durable }, info.num_pending);
        metrics.ackPending.set({ durable }, info.num_ack_pending);
        metrics.paused.set({ durable }, pausedUntil(info) === undefined ? 0 : 1);
      } catch {
        forget();
      }
    }),
  );
}
