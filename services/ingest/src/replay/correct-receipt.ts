import type { AskedBy, ResultOf } from '@leadline/contracts/command';
import { correctReceipt } from '@leadline/contracts/commands/receipts';
import { normalisePhone } from '@leadline/contracts/phone-number';
import type { Database } from '@leadline/database/open-database';
import { affected, row } from '@leadline/database/sql';
import { answer, CommandRefused, type Answering } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { z } from 'zod';
import type { Receiving } from '../intake/keep-delivery.ts';
import { retryRefused } from './retry-refused.ts';
import type { ParsedLead } from '../sources/parsed-lead.ts';
import { findDeliveryOf, readAgain, type StoredDelivery } from './stored-deliveries.ts';
import { phoneRefusals, toLead } from '../intake/to-lead.ts';

const receipt = z.object({ verdict: z.string(), part: z.number().nullable() });

/** `ops.ingest.correct_receipt`: makes a lead of a refused delivery, with the number that a person enters. */
export function answerCorrections(nats: Nats, postgres: Database, receiving: Receiving): Promise<Answering> {
  return answer(nats, correctReceipt, (correction) => correct(correction, postgres, receiving));
}

async function correct(
  { who, reason, receiptId, phone }: AskedBy<typeof correctReceipt>,
  postgres: Database,
  receiving: Receiving,
): Promise<ResultOf<typeof correctReceipt>> {
  const normalised = normalisePhone(phone);
  if (!normalised.ok) throw new CommandRefused(`phone: ${phoneRefusals[normalised.reason]}`);
  const rejected = await row(postgres.sql, receipt, `select verdict, part from lead_receipts where id = $1`, [
    receiptId,
  ]);
  const delivery = await findDeliveryOf(postgres, receiptId);
  if (rejected === undefined || delivery === undefined) throw new CommandRefused('there is no such delivery');
  if (rejected.verdict !== 'rejected') throw new CommandRefused('this delivery was accepted when it came');
  const lead = readCorrected(delivery, rejected.part ?? 0, normalised.phone);
  if (lead === undefined) throw new CommandRefused('this delivery holds no enquiry that could take a number');
  if (!lead.read.ok) {
    const faults = lead.read.faults.map(({ pointer, detail }) => `${pointer.slice(1)} ${detail}`);
    throw new CommandRefused(`with this number it is still no lead: ${faults.join('; ')}`);
  }
  const retried = await retryRefused({ delivery, receiptId, lead, dryRun: false, byHand: true }, postgres, receiving);
  await affected(
    postgres.sql,
    `insert into ingest_audit (action, who, connection_id, details) values ($1, $2, $3, $4)`,
    ['correct_receipt', who, delivery.connectionId, JSON.stringify({ receiptId, reason, leadId: retried.leadId })],
  );
  return { leadId: retried.leadId, became: retried.kind };
}

function readCorrected(delivery: StoredDelivery, part: number, phone: string): ParsedLead | undefined {
  const parsed = readAgain(delivery, { phone });
  if (parsed !== undefined) return parsed.ok ? parsed.leads[part] : undefined;
  // It came by POST /v1/leads.
  const body = readObject(delivery.body);
  if (body === undefined) return undefined;
  const read = toLead({ ...body, phone });
  return {
    read,
    sourceLeadId: read.ok ? read.lead.sourceLeadId : null,
    phoneRaw: phone,
    phoneAlternates: [],
    dndFlag: null,
    isTest: false,
    enquiryType: null,
  };
}

function readObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
