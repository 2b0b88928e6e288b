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
 * Stores one delivery, readable or not. Resolves once it is committed, or once we can't tell whether it is.
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
  // People who import files invent source names; `csv` stands for all of them, so that labels stay a closed list.
  receiving.metrics.deliveries.inc({ source: isImported ? 'csv' : source, outcome: outcome.kind });
  receiving.metrics.acceptSeconds.observe((performance.now() - since) / 1_000);
  if (outcome.kind === 'rejected' && !isImported) {
    const reasons = outcome.faults.map(({ reason }) => reason);
    receiving.log.info({ source, receiptId, reasons }, 'a delivery was refused');
  }
  return { receiptId, outcome };
}

/**
 * insertLead: the lead, its receipt and its event in one transaction, shared with deliveries that arrive meanwhile. The
 * same source id twice is one lead. Resolves once it is committed; a full queue answers `unavailable`, and nothing is
 * stored.
 */
async function insertLead(delivery: Delivery, group: Receiving['group']): Promise<DeliveryOutcome> {
  return (await group.add(delivery)) ?? { kind: 'unavailable' };
}

/** Replaces what Postgres can't store in a text. */
function toStorable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}
