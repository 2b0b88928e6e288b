import { rows, type Sql } from '@leadline/database/sql';
import { z } from 'zod';
import { decideRepeat, type About, type RepeatDecision, type StoredReceipt } from './decide-repeat.ts';
import { findReceipts, readAbouts, type Asked } from './find-receipts.ts';
import type { Fault } from './lead-schema.ts';
import { originColumns, originTypes, toOriginRecord } from './origin.ts';

/** What became of a delivery, after the commit. A repeat's lead may have been erased since; then there is no id. */
export type Settled = { kind: 'repeated'; leadId: number | null } | { kind: 'rejected'; faults: Fault[] };

const keyReused: Fault = {
  pointer: '',
  reason: 'idempotency_key_reused',
  detail: 'came with an Idempotency-Key that stands for another body',
};

type Kept = Asked & { body: string };

/** Where to bind a delivery whose id means something else already. */
export type Bound = { idScope: string; sameIdAs: string | null };

/**
 * Answers deliveries that an earlier receipt makes repeats, and gives each a receipt of its own; also refused ones,
 * whose Idempotency-Key may mean something else. It does not keep a delivery that is no repeat although its id is
 * known: `another` says where to bind that one.
 */
export async function settleRepeats(
  sql: Sql,
  deliveries: readonly Kept[],
): Promise<{ settled: Map<string, Settled>; another: Map<string, Bound> }> {
  const settled = new Map<string, Settled>();
  const another = new Map<string, Bound>();
  const abouts = await readAbouts(sql, deliveries);
  let open = deliveries;
  while (open.length > 0) {
    const receipts = await findReceipts(sql, open, abouts);
    const stored = new Set(receipts.map(({ id }) => id));
    const kept: KeptReceipt[] = [];
    for (const delivery of open) {
      const about = abouts.get(delivery.receiptId) ?? null;
      const decision = decideRepeat(delivery, about, receipts);
      if (decision.kind === 'another') {
        another.set(delivery.receiptId, decision);
        continue;
      }
      settled.set(delivery.receiptId, toSettled(decision));
      if (stored.has(delivery.receiptId) || decision.kind === 'stored') continue;
      const receipt = toReceipt(delivery, about, decision);
      kept.push(receipt);
      // The next delivery of this group may have the same new key.
      receipts.push(receipt);
    }
    const added = kept.length === 0 ? new Set() : await keepReceipts(sql, kept);
    // Another group bound the same new key just now: look up again what it means.
    const lost = new Set(kept.filter(({ id }) => !added.has(id)).map(({ id }) => id));
    open = open.filter(({ receiptId }) => lost.has(receiptId));
  }
  return { settled, another };
}

type Repeat = Exclude<RepeatDecision, { kind: 'another' }>;

function toSettled(decision: Repeat): Settled {
  switch (decision.kind) {
    case 'stored': {
      const { verdict, faults, leadId } = decision.receipt;
      return verdict === 'accepted' ? { kind: 'repeated', leadId } : { kind: 'rejected', faults: faults ?? [] };
    }
    case 'repeat':
      return { kind: 'repeated', leadId: decision.leadId };
    case 'key_reused':
      return { kind: 'rejected', faults: [keyReused] };
  }
}

type KeptReceipt = StoredReceipt & { body: string };

/** The first receipt keeps the source's id. It also keeps the key, unless this delivery brought a new one. */
function toReceipt(delivery: Kept, about: About | null, decision: Exclude<Repeat, { kind: 'stored' }>): KeptReceipt {
  const receipt = {
    id: delivery.receiptId,
    source: delivery.source,
    idScope: delivery.idScope,
    bodyHash: delivery.bodyHash,
    body: delivery.body,
    ...toOriginRecord(delivery.origin),
    // For the group's next delivery with this key. A repeat has no id of its own.
    numberHash: about?.numberHash ?? null,
    phone: about?.phone ?? null,
    productName: null,
    message: null,
    way: '',
  };
  if (decision.kind === 'key_reused') {
    const { sourceLeadId, idempotencyKey } = delivery;
    return { ...receipt, sourceLeadId, idempotencyKey, verdict: 'rejected', faults: [keyReused], leadId: null };
  }
  return {
    ...receipt,
    sourceLeadId: null,
    idempotencyKey: decision.bindsKey ? delivery.idempotencyKey : null,
    verdict: 'accepted',
    faults: null,
    leadId: decision.leadId,
  };
}

/** @returns the ids of the receipts that were new */
async function keepReceipts(sql: Sql, receipts: readonly KeptReceipt[]): Promise<Set<string>> {
  const added = await rows(
    sql,
    z.object({ id: z.string() }),
    `insert into lead_receipts (id, source, id_scope, source_lead_id, idempotency_key, body_hash, body, verdict, faults,
                                lead_id, number_hash, ${originColumns})
     select * from jsonb_to_recordset($1::jsonb) as k(
       id uuid, source text, "idScope" text, "sourceLeadId" text, "idempotencyKey" text, "bodyHash" text, body text,
       verdict text, faults jsonb, "leadId" int, "numberHash" text, ${originTypes})
         on conflict do nothing
     returning id`,
    [JSON.stringify(receipts)],
  );
  return new Set(added.map(({ id }) => id));
}
