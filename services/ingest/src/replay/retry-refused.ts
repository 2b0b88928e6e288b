import type { Database } from '@leadline/database/open-database';
import { row } from '@leadline/database/sql';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { findKnownIds } from '../intake/find-receipts.ts';
import { toPlainScope } from '../intake/id-scopes.ts';
import { keepDelivery, type Receiving } from '../intake/keep-delivery.ts';
import type { ParsedLead } from '../sources/parsed-lead.ts';
import { retriedType, type StoredDelivery } from './stored-deliveries.ts';

export type Retried =
  /** Another delivery or correction has made it a lead already. */
  | { kind: 'known'; leadId: number | null }
  /** `leadId` is null in a dry run. */
  | { kind: 'lead' | 'joined'; leadId: number | null };

/**
 * Makes a lead of a delivery that was refused, read anew or corrected. The first receipt stays as it is; the retry has
 * one of its own. Running it twice makes one lead.
 * @throws when we can't tell whether it is stored
 */
export async function retryRefused(
  said: {
    delivery: StoredDelivery;
    receiptId: string | null;
    lead: ParsedLead;
    dryRun: boolean;
    /** A person asks us to call this lead, however old it is. */
    byHand?: boolean;
  },
  postgres: Database,
  receiving: Receiving,
): Promise<Retried> {
  const { delivery, lead } = said;
  const ownId = `receipt-${said.receiptId ?? delivery.id}`;
  const sourceLeadId = lead.sourceLeadId ?? ownId;
  const idScope = toPlainScope(delivery.idScope);
  const body = JSON.stringify({ receipt: said.receiptId, delivery: delivery.id });
  // Senders' keys hold no space. The key ignores the number, so one delivery is retried only once.
  const idempotencyKey = said.receiptId === null ? null : `receipt ${said.receiptId}`;
  const known = await findAccepted(postgres, { ...said, idScope, ids: [sourceLeadId, ownId], idempotencyKey, body });
  if (known !== undefined) return { kind: 'known', leadId: known.leadId };
  if (said.dryRun) return { kind: 'lead', leadId: null };
  const { source, method, query, connectionId, agentMode } = delivery;
  const { outcome } = await keepDelivery(
    {
      source,
      idScope,
      sourceLeadId,
      idempotencyKey,
      read: lead.read,
      body,
      origin: {
        connectionId,
        deliveryId: randomUUID(),
        part: 0,
        idScope,
        method: method ?? 'POST',
        query: query ?? '',
        contentType: retriedType,
        raw: null,
        agentMode,
        phoneRaw: lead.phoneRaw,
        phoneAlternates: lead.phoneAlternates,
        enquiryType: lead.enquiryType,
        dndFlag: lead.dndFlag,
        isTest: lead.isTest,
        countsFromArrival: said.byHand === true,
      },
    },
    receiving,
  );
  switch (outcome.kind) {
    case 'accepted':
      return { kind: 'lead', leadId: outcome.leadId };
    case 'joined':
      return { kind: 'joined', leadId: outcome.leadId };
    case 'repeated':
      return { kind: 'known', leadId: outcome.leadId };
    case 'rejected':
    case 'unavailable':
      throw new Error('a retried delivery was not stored');
  }
}

const accepted = z.object({ leadId: z.number().nullable() });

/** What this delivery became already: by a retry, or because its sender sent it again with the same number. */
async function findAccepted(
  postgres: Database,
  said: {
    delivery: StoredDelivery;
    lead: ParsedLead;
    idScope: string;
    ids: string[];
    idempotencyKey: string | null;
    body: string;
  },
): Promise<{ leadId: number | null } | undefined> {
  const { delivery, lead, idScope, ids, idempotencyKey, body } = said;
  const { source } = delivery;
  const before = await row(
    postgres.sql,
    accepted,
    `select lead_id from lead_receipts
      where source = $1 and idempotency_key = $2 and verdict = 'accepted'
     union all
     -- As older versions kept it.
     select lead_id from lead_receipts
      where source = $1 and id_scope = $3 and source_lead_id = any($4) and verdict = 'accepted'
        and content_type = '${retriedType}' and body = $5 limit 1`,
    [source, idempotencyKey, idScope, ids, body],
  );
  if (before !== undefined) return before;
  const receiptId = randomUUID();
  for (const sourceLeadId of new Set(ids)) {
    const asked = { receiptId, source, idScope, sourceLeadId, idempotencyKey: null, bodyHash: '', read: lead.read };
    const known = (await findKnownIds(postgres.sql, [asked])).get(receiptId);
    if (known?.kind === 'same') return { leadId: known.leadId };
  }
  return undefined;
}
