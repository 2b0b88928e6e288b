import type { AskedBy, ResultOf } from '@leadline/contracts/command';
import { replay as replayCommand, type ReplayChange } from '@leadline/contracts/commands/receipts';
import { askAgain } from '../vendors/named-leads.ts';
import { databaseNow } from '@leadline/database/locks';
import type { Database } from '@leadline/database/open-database';
import { affected, rows } from '@leadline/database/sql';
import { answer, type Answering } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { z } from 'zod';
import { decideReplay, type ReplayDecision, type StoredPart } from './decide-replay.ts';
import { retryRefused } from './retry-refused.ts';
import type { Receiving } from '../intake/keep-delivery.ts';
import type { ParsedLead } from '../sources/parsed-lead.ts';
import { findDeliveries, readAgain, type StoredDelivery } from './stored-deliveries.ts';
import type { Lead } from '../intake/to-lead.ts';

/** A replay only reports older deliveries and calls nobody for them: these people have bought elsewhere by now. */
const maxDays = 7;

/**
 * `ops.ingest.replay`: reads stored deliveries with today's rules, a page at a time. With `apply` it makes leads of
 * refused deliveries, rewrites what leads ask for, and fetches named leads again. It never causes a second call for
 * somebody whom we called or will call.
 */
export function answerReplay(
  nats: Nats,
  postgres: Database,
  receiving: Receiving & { wake(): void },
): Promise<Answering> {
  return answer(nats, replayCommand, (question) => replay(question, postgres, receiving));
}

async function replay(
  question: AskedBy<typeof replayCommand>,
  postgres: Database,
  receiving: Receiving & { wake(): void },
): Promise<ResultOf<typeof replayCommand>> {
  const { who, since, source, apply, after, limit } = question;
  const now = await databaseNow(postgres.sql);
  if (apply && after === null) {
    const details = JSON.stringify({ since, source });
    await affected(postgres.sql, `insert into ingest_audit (action, who, details) values ('replay', $1, $2)`, [
      who,
      details,
    ]);
  }
  const deliveries = await findDeliveries(postgres, { since, source, after, limit });
  const parts = await findParts(postgres, deliveries);
  const changes: ReplayChange[] = [];
  for (const delivery of deliveries) {
    const parsed = readAgain(delivery);
    if (parsed === undefined) continue;
    const leads: ParsedLead[] = parsed.ok ? parsed.leads : [];
    const stored = parts.get(delivery.deliveryId ?? delivery.id) ?? new Map<number, Part>();
    const places = new Set([...leads.keys(), ...stored.keys()]);
    for (const place of [...places].toSorted((a, b) => a - b)) {
      const part = stored.get(place);
      const lead = leads[place];
      const decision = decideReplay(part, lead, { receivedAt: delivery.receivedAt, now, maxDays });
      if (decision.kind === 'same') continue;
      const change = await carryOut(decision, { delivery, part, lead, apply }, postgres, receiving);
      if (change !== undefined) changes.push({ receiptId: part?.id ?? null, source: delivery.source, ...change });
    }
  }
  const last = deliveries.length === limit ? deliveries.at(-1) : undefined;
  const next = last === undefined ? null : { place: last.place, id: last.id };
  // Only with the first page.
  const askedAgain = after === null ? await askAgain(postgres, { since, source, apply }) : 0;
  if (askedAgain > 0 && apply) receiving.wake();
  return { deliveries: deliveries.length, changes, askedAgain, next };
}

async function carryOut(
  decision: Exclude<ReplayDecision, { kind: 'same' }>,
  about: { delivery: StoredDelivery; part: Part | undefined; lead: ParsedLead | undefined; apply: boolean },
  postgres: Database,
  receiving: Receiving,
): Promise<Omit<ReplayChange, 'receiptId' | 'source'> | undefined> {
  const { delivery, part, lead, apply } = about;
  const unchanged = { leadId: part?.leadId ?? null, kind: decision.kind, fields: [], faults: [], applied: false };
  switch (decision.kind) {
    case 'late':
    case 'other_number':
      return unchanged;
    case 'refused_now':
      return { ...unchanged, faults: decision.faults };
    case 'differs':
      if (apply && part !== undefined) await describeAnew(postgres, part, decision.lead);
      return { ...unchanged, fields: decision.fields, applied: apply };
    case 'new_lead': {
      if (lead === undefined) return undefined;
      const retried = await retryRefused(
        { delivery, receiptId: part?.id ?? null, lead, dryRun: !apply },
        postgres,
        receiving,
      );
      // It came again meanwhile, or somebody corrected it.
      if (retried.kind === 'known') return undefined;
      return { ...unchanged, leadId: retried.leadId, applied: apply };
    }
  }
}

type Part = StoredPart & { id: string; joined: boolean };

const partRow = z
  .object({
    id: z.string(),
    deliveryId: z.string(),
    place: z.number(),
    verdict: z.enum(['accepted', 'rejected']),
    isRepeat: z.boolean(),
    joined: z.boolean(),
    leadId: z.number().nullable(),
    phone: z.string().nullable(),
    name: z.string().nullable(),
    email: z.string().nullable(),
    productName: z.string().nullable(),
    city: z.string().nullable(),
    state: z.string().nullable(),
    message: z.string().nullable(),
  })
  .transform(({ name, email, productName, city, state, message, ...part }) => ({
    ...part,
    // An enquiry that joined a lead must not change that lead's description.
    described: { productName, message, ...(part.joined ? {} : { name, email, city, state }) },
  }));

async function findParts(
  postgres: Database,
  deliveries: readonly StoredDelivery[],
): Promise<Map<string, Map<number, Part>>> {
  const partRows = await rows(
    postgres.sql,
    partRow,
    `select r.id, coalesce(r.delivery_id, r.id) as delivery_id, r.part as place, r.verdict, r.lead_id, l.phone, l.name, l.email,
            r.verdict = 'accepted' and r.source_lead_id is null as is_repeat, e.receipt_id is not null as joined,
            l.city, l.state, case when e.receipt_id is null then l.product_name else e.product_name end as product_name,
            case when e.receipt_id is null then l.query_message else e.query_message end as message
       from lead_receipts r left join leads l on l.id = r.lead_id left join lead_enquiries e on e.receipt_id = r.id
      where r.id = any($1::uuid[]) or r.delivery_id = any($2::uuid[])`,
    [deliveries.map(({ id }) => id), deliveries.flatMap((delivery) => delivery.deliveryId ?? [])],
  );
  const parts = new Map<string, Map<number, Part>>();
  for (const row of partRows) {
    const of = parts.get(row.deliveryId) ?? new Map<number, Part>();
    parts.set(row.deliveryId, of.set(row.place, row));
  }
  return parts;
}

async function describeAnew(postgres: Database, part: Part, lead: Lead): Promise<void> {
  if (part.joined) {
    await affected(
      postgres.sql,
      'update lead_enquiries set product_name = $2, query_message = $3 where receipt_id = $1',
      [part.id, lead.productName, lead.message],
    );
    return;
  }
  await affected(
    postgres.sql,
    `update leads set name = $2, email = $3, product_name = $4, city = $5, state = $6, query_message = $7,
                      updated_at = clock_timestamp() where id = $1`,
    [part.leadId, lead.name, lead.email, lead.productName, lead.city, lead.state, lead.message],
  );
}
