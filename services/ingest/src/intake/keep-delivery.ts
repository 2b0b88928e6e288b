import { currentTraceparent } from '@leadline/messaging/span';
import type { Log } from '@leadline/service-kit/logger';
import { hash, randomUUID } from 'node:crypto';
import type { Delivery } from './delivery.ts';
import type { GroupCommit } from './group-commit.ts';
import { importedType } from './imported-type.ts';
import type { Metrics } from './metrics.ts';
import type { DeliveryOutcome } from './store-deliveries.ts';

export type Receiving = {
  group: GroupCommit<Delivery, DeliveryOutcome>;
  metrics: Metrics;
  log: Log;
};

/** Resolves once it is committed, or is not known to be. The body is what was sent, or '' where another receipt has it. */
export async function keepDelivery(
  sent: Omit<Delivery, 'receiptId' | 'bodyHash'> & { receiptId?: string },
  receiving: Receiving,
): Promise<{ receiptId: string; outcome: DeliveryOutcome }> {
  const since = performance.now();
  const { source } = sent;
  const delivery: Delivery = {
    ...sent,
    receiptId: sent.receiptId ?? randomUUID(),
    bodyHash: hash('sha256', sent.body),
    body: toStorable(sent.body),
    traceparent: currentTraceparent(),
  };
  const { receiptId } = delivery;
  const outcome: DeliveryOutcome = await (receiving.group.add(delivery) ?? { kind: 'unavailable' });
  const isImported = sent.origin?.contentType === importedType;
  // Whoever imports a file names its sources: the labels stay a closed list.
  receiving.metrics.deliveries.inc({ source: isImported ? 'csv' : source, outcome: outcome.kind });
  receiving.metrics.acceptSeconds.observe((performance.now() - since) / 1_000);
  if (outcome.kind === 'rejected' && !isImported) {
    const reasons = outcome.faults.map(({ reason }) => reason);
    receiving.log.info({ source, receiptId, reasons }, 'a delivery was refused');
  }
  return { receiptId, outcome };
}

/** What Postgres can keep of a text that may be anything. */
function toStorable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}
