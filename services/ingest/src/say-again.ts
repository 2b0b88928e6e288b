import type { Database } from '@leadline/database/open-database';
import { row } from '@leadline/database/sql';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { keepDelivery, type Receiving } from './receive-lead.ts';
import type { ParsedLead } from './sources/parsed-lead.ts';
import { saidAgainType, type StoredDelivery } from './stored-deliveries.ts';

export type SaidAgain =
  /** Whatever brought it, it is a lead already. */
  | { kind: 'known'; leadId: number | null }
  /** `leadId` is null where it would be one. */
  | { kind: 'lead' | 'joined'; leadId: number | null };

/**
 * Makes a lead of what was refused when it came, read anew or corrected. The first receipt stays as it is; what is said
 * again has one of its own. Twice is once.
 * @throws when it is not known to be stored
 */
export async function sayAgain(
  said: {
    delivery: StoredDelivery;
    receiptId: string | null;
    lead: ParsedLead;
    dryRun: boolean;
    /** A person asks for this one to be called, however old it is. */
    byHand?: boolean;
  },
  postgres: Database,
  receiving: Receiving,
): Promise<SaidAgain> {
  const { delivery, lead } = said;
  const ownId = `receipt-${said.receiptId ?? delivery.id}`;
  const known = await findAccepted(postgres, delivery, [lead.sourceLeadId ?? ownId, ownId]);
  if (known !== undefined) return { kind: 'known', leadId: known.leadId };
  if (said.dryRun) return { kind: 'lead', leadId: null };
  const { source, id_scope: idScope, method, query, connection_id: connectionId, agent_mode: agentMode } = delivery;
  const { outcome } = await keepDelivery(
    {
      ...{ source, idScope, sourceLeadId: lead.sourceLeadId ?? ownId, idempotencyKey: null, read: lead.read },
      body: JSON.stringify({ receipt: said.receiptId, delivery: delivery.id }),
      origin: {
        ...{ connectionId, deliveryId: randomUUID(), part: 0, idScope, method: method ?? 'POST', query: query ?? '' },
        ...{ contentType: saidAgainType, raw: null, agentMode },
        ...{ phoneRaw: lead.phoneRaw, phoneAlternates: lead.phoneAlternates, enquiryType: lead.enquiryType },
        ...{ dndFlag: lead.dndFlag, isTest: lead.isTest, countsFromArrival: said.byHand === true },
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
      throw new Error('a delivery that was said again is not stored');
  }
}

const accepted = z.object({ lead_id: z.number().nullable() }).transform(({ lead_id: leadId }) => ({ leadId }));

function findAccepted(
  postgres: Database,
  { source, id_scope: idScope }: StoredDelivery,
  ids: readonly string[],
): Promise<{ leadId: number | null } | undefined> {
  return row(
    postgres.em(),
    accepted,
    `select lead_id from lead_receipts
      where source = $1 and id_scope = $2 and source_lead_id = any($3) and verdict = 'accepted' limit 1`,
    [source, idScope, ids],
  );
}
