import { rows } from '@leadline/database/sql';
import type { EntityManager } from '@mikro-orm/postgresql';
import { z } from 'zod';
import { decideRepeat, type Delivered, type RepeatDecision, type StoredReceipt } from './decide-repeat.ts';
import { fault, type Fault } from './lead-schema.ts';
import { originColumns, originTypes, toOriginRecord, type Origin } from './origin.ts';

/** What became of a delivery, once that is committed. A repeat's lead may have been erased since: then no id. */
export type Settled = { kind: 'repeated'; leadId: number | null } | { kind: 'rejected'; faults: Fault[] };

const keyReused: Fault = {
  pointer: '',
  reason: 'idempotency_key_reused',
  detail: 'came with an Idempotency-Key that stands for another body',
};

type Kept = Delivered & { body: string; origin?: Origin };

/**
 * Answers deliveries in whose way an earlier receipt stands, and keeps each with a receipt of its own; also refused ones
 * with an Idempotency-Key, which may stand for something else.
 */
export async function settleRepeats(em: EntityManager, deliveries: readonly Kept[]): Promise<Map<string, Settled>> {
  const settled = new Map<string, Settled>();
  let open = deliveries;
  while (open.length > 0) {
    const receipts = await findReceipts(em, open);
    const stored = new Set(receipts.map(({ id }) => id));
    const kept: KeptReceipt[] = [];
    for (const one of open) {
      const decision = decideRepeat(one, receipts);
      settled.set(one.receiptId, toSettled(decision));
      if (stored.has(one.receiptId) || decision.kind === 'stored') continue;
      const receipt = toReceipt(one, decision);
      kept.push(receipt);
      // The next delivery of this group may come with the same new key.
      receipts.push(receipt);
    }
    const added = kept.length === 0 ? new Set() : await keepReceipts(em, kept);
    // Another group bound the same new key at the same moment: look again what it stands for.
    const lost = new Set(kept.filter(({ id }) => !added.has(id)).map(({ id }) => id));
    open = open.filter(({ receiptId }) => lost.has(receiptId));
  }
  return settled;
}

function toSettled(decision: RepeatDecision): Settled {
  switch (decision.kind) {
    case 'stored': {
      const { verdict, faults, lead_id: leadId } = decision.receipt;
      return verdict === 'accepted' ? { kind: 'repeated', leadId } : { kind: 'rejected', faults: faults ?? [] };
    }
    case 'repeat':
      return { kind: 'repeated', leadId: decision.leadId };
    case 'key_reused':
      return { kind: 'rejected', faults: [keyReused] };
  }
}

type KeptReceipt = StoredReceipt & { body: string };

/** The first receipt keeps the source's id, and the key unless this delivery brought a new one. */
function toReceipt(one: Kept, decision: Exclude<RepeatDecision, { kind: 'stored' }>): KeptReceipt {
  const receipt = {
    ...{ id: one.receiptId, source: one.source, id_scope: one.idScope, body_hash: one.bodyHash, body: one.body },
    ...toOriginRecord(one.origin),
  };
  if (decision.kind === 'key_reused') {
    const { sourceLeadId: source_lead_id, idempotencyKey: idempotency_key } = one;
    return { ...receipt, source_lead_id, idempotency_key, verdict: 'rejected', faults: [keyReused], lead_id: null };
  }
  const idempotency_key = decision.bindsKey ? one.idempotencyKey : null;
  return {
    ...receipt,
    ...{ source_lead_id: null, idempotency_key, verdict: 'accepted', faults: null, lead_id: decision.leadId },
  };
}

const storedReceipt = z.object({
  id: z.string(),
  source: z.string(),
  id_scope: z.string(),
  source_lead_id: z.string().nullable(),
  idempotency_key: z.string().nullable(),
  body_hash: z.string(),
  verdict: z.enum(['accepted', 'rejected']),
  faults: z.array(fault).nullable(),
  lead_id: z.number().nullable(),
});

function findReceipts(em: EntityManager, deliveries: readonly Delivered[]): Promise<StoredReceipt[]> {
  const columns =
    'r.id, r.source, r.id_scope, r.source_lead_id, r.idempotency_key, r.body_hash, r.verdict, r.faults, r.lead_id';
  return rows(
    em,
    storedReceipt,
    `with asked as materialized (
       select * from jsonb_to_recordset($1::jsonb)
         as a("receiptId" uuid, source text, "idScope" text, "sourceLeadId" text, "idempotencyKey" text)
     )
     select ${columns} from asked a join lead_receipts r on r.id = a."receiptId"
     union
     select ${columns} from asked a join lead_receipts r
         on r.source = a.source and r.idempotency_key = a."idempotencyKey" and r.verdict = 'accepted'
     union
     select ${columns} from asked a join lead_receipts r
         on r.source = a.source and r.id_scope = a."idScope" and r.source_lead_id = a."sourceLeadId" and r.verdict = 'accepted'`,
    [
      JSON.stringify(
        deliveries.map(({ receiptId, source, idScope, sourceLeadId, idempotencyKey }) => ({
          ...{ receiptId, source, idScope, sourceLeadId, idempotencyKey },
        })),
      ),
    ],
  );
}

/** @returns the ids of those that went in */
async function keepReceipts(em: EntityManager, receipts: readonly KeptReceipt[]): Promise<Set<string>> {
  const added = await rows(
    em,
    z.object({ id: z.string() }),
    `insert into lead_receipts (id, source, id_scope, source_lead_id, idempotency_key, body_hash, body, verdict, faults,
                                lead_id, ${originColumns})
     select * from jsonb_to_recordset($1::jsonb) as k(
       id uuid, source text, id_scope text, source_lead_id text, idempotency_key text, body_hash text, body text,
       verdict text, faults jsonb, lead_id int, ${originTypes})
         on conflict do nothing
     returning id`,
    [JSON.stringify(receipts)],
  );
  return new Set(added.map(({ id }) => id));
}
