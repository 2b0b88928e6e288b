import { currentTraceparent } from '@leadline/tracing/span';
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

/**
 * Stores one delivery, whether it can be read or not. Resolves once it is committed, or is not known to be.
 * @param sent its body is what the source sent, or '' if another receipt of the delivery has it
 */
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
  const outcome = await insertLead(delivery, receiving.group);
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

/**
 * insertLead: the lead, its receipt and its event in one transaction, which it shares with what arrives meanwhile. The same
 * source id twice is one lead. Resolves once that is committed; a full queue is `unavailable`, and nothing was stored.
 */
async function insertLead(delivery: Delivery, group: Receiving['group']): Promise<DeliveryOutcome> {
  return (await group.add(delivery)) ?? { kind: 'unavailable' };
}

/** What Postgres can keep of a text that may be anything. */
function toStorable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}
