import type { Fault } from './lead-schema.ts';

/** What is asked of the receipts: did this come before? */
export type Delivered = {
  receiptId: string;
  source: string;
  /** Where the source's ids count: '' for all that comes from this source. */
  idScope: string;
  sourceLeadId: string | null;
  idempotencyKey: string | null;
  bodyHash: string;
};

/** A receipt that may stand in a delivery's way. */
export type StoredReceipt = {
  id: string;
  source: string;
  id_scope: string;
  source_lead_id: string | null;
  idempotency_key: string | null;
  body_hash: string;
  verdict: 'accepted' | 'rejected';
  faults: Fault[] | null;
  lead_id: number | null;
};

export type RepeatDecision =
  /** This very delivery was stored by an earlier try, whose answer from Postgres was lost; or it was refused just now. */
  | { kind: 'stored'; receipt: StoredReceipt }
  /** The first answer holds; `bindsKey` when the Idempotency-Key is new and from now on means this lead. */
  | { kind: 'repeat'; leadId: number | null; bindsKey: boolean }
  | { kind: 'key_reused' };

/**
 * The Idempotency-Key is looked at first; it is never the source's id.
 * @throws Error when nothing stands in the delivery's way
 */
export function decideRepeat(delivered: Delivered, receipts: readonly StoredReceipt[]): RepeatDecision {
  const { idempotencyKey, sourceLeadId } = delivered;
  const own = receipts.find(({ id }) => id === delivered.receiptId);
  if (own?.verdict === 'accepted') return { kind: 'stored', receipt: own };

  const accepted = receipts.filter((one) => one.verdict === 'accepted' && one.source === delivered.source);
  const sameKey = accepted.find((one) => idempotencyKey !== null && one.idempotency_key === idempotencyKey);
  if (sameKey !== undefined) {
    if (sameKey.body_hash !== delivered.bodyHash) return { kind: 'key_reused' };
    return { kind: 'repeat', leadId: sameKey.lead_id, bindsKey: false };
  }
  // Refused for its own faults, whatever came before under its source id.
  if (own !== undefined) return { kind: 'stored', receipt: own };
  const sameId = accepted.find(
    (one) => sourceLeadId !== null && one.source_lead_id === sourceLeadId && one.id_scope === delivered.idScope,
  );
  if (sameId === undefined) throw new Error('a receipt stood in the way of a delivery and is gone');
  return { kind: 'repeat', leadId: sameId.lead_id, bindsKey: idempotencyKey !== null };
}
