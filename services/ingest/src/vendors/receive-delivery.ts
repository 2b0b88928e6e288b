import { toIndianDay } from '@leadline/contracts/indian-time';
import { hash, randomUUID } from 'node:crypto';
import type { Connection } from './connections.ts';
import type { AwaitLeads } from './named-leads.ts';
import { toKeyId } from '../intake/id-scopes.ts';
import { keepDelivery, type Receiving } from '../intake/keep-delivery.ts';
import type { ProvenDelivery, SourceAdapter, TakenLead } from '../sources/adapter.ts';
import { parseDelivery } from '../sources/parse-delivery.ts';
import type { ParsedLead } from '../sources/parsed-lead.ts';

export type SentDelivery = ProvenDelivery & { idempotencyKey?: string | null; receivedAt: Date };

/** `unavailable`: we can't tell whether all of it is stored. The sender may safely repeat it. */
export type DeliveryAnswer = { kind: 'taken'; taken: TakenLead[] } | { kind: 'unavailable' };

/** Reads a vendor's delivery, and answers once all of it is committed: leads, repeats and faulty parts. */
export async function receiveDelivery(
  adapter: SourceAdapter,
  connection: Connection,
  sent: SentDelivery,
  receiving: Receiving & { awaitLeads: AwaitLeads },
): Promise<DeliveryAnswer> {
  const parsed = parseDelivery(adapter, sent, connection.aliases);
  if (parsed.ok && parsed.awaited !== undefined) await receiving.awaitLeads(parsed.awaited, connection, sent.text);
  const leads: ParsedLead[] = parsed.ok ? parsed.leads : [unread(parsed.faults)];
  return receiveParsed(leads, { adapter, connection, sent }, receiving);
}

/** Stores parsed leads, each with a receipt of its own; the first receipt keeps the body. */
export async function receiveParsed(
  leads: readonly ParsedLead[],
  { adapter, connection, sent }: { adapter: SourceAdapter; connection: Connection; sent: SentDelivery },
  receiving: Receiving,
): Promise<DeliveryAnswer> {
  const deliveryId = randomUUID();
  const idScope = adapter.ownIds ? connection.id : '';
  const exact = Buffer.from(sent.text, 'utf8').equals(sent.bytes) && !sent.text.includes('\0');
  const answers = await Promise.all(
    leads.map(async (lead, part): Promise<TakenLead | undefined> => {
      const { receiptId, outcome } = await keepDelivery(
        {
          source: connection.source,
          idScope,
          sourceLeadId: lead.sourceLeadId ?? keyOf(adapter, sent, part) ?? nameOf(lead, sent.receivedAt),
          idempotencyKey: null,
          body: part === 0 ? sent.text : '',
          read: lead.read,
          origin: {
            connectionId: connection.id,
            deliveryId,
            part,
            idScope,
            method: sent.method,
            query: sent.query,
            contentType: sent.contentType,
            raw: part === 0 && !exact ? sent.bytes : null,
            phoneRaw: lead.phoneRaw,
            phoneAlternates: lead.phoneAlternates,
            enquiryType: lead.enquiryType,
            dndFlag: lead.dndFlag,
            isTest: lead.isTest,
            agentMode: connection.agentMode,
          },
        },
        receiving,
      );
      switch (outcome.kind) {
        case 'accepted':
        case 'joined':
        case 'repeated':
          return { kind: outcome.kind, leadId: outcome.leadId, phone: lead.read.ok ? lead.read.lead.phone : '' };
        case 'rejected':
          return { kind: 'rejected', faults: outcome.faults, receiptId };
        case 'unavailable':
          return undefined;
      }
    }),
  );
  const taken = answers.filter((answer) => answer !== undefined);
  return taken.length === answers.length ? { kind: 'taken', taken } : { kind: 'unavailable' };
}

function unread(faults: Extract<ParsedLead['read'], { ok: false }>['faults']): ParsedLead {
  return {
    sourceLeadId: null,
    read: { ok: false, faults },
    phoneRaw: null,
    phoneAlternates: [],
    dndFlag: null,
    isTest: false,
    enquiryType: null,
  };
}

/** The id of a delivery that only an Idempotency-Key identifies. */
function keyOf(adapter: SourceAdapter, { idempotencyKey }: SentDelivery, part: number): string | null {
  if (!adapter.ownIds || idempotencyKey == null) return null;
  return toKeyId(idempotencyKey, part);
}

/** An enquiry without an id is the same one if it says the same on the same day. */
function nameOf({ read }: ParsedLead, receivedAt: Date): string | null {
  if (!read.ok) return null;
  const { phone, name, productName, message } = read.lead;
  const identity = JSON.stringify([phone, name, productName, message, toIndianDay(receivedAt)]);
  return `told-${hash('sha256', identity).slice(0, 32)}`;
}
