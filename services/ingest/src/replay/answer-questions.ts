import { receipts } from '@leadline/contracts/commands/receipts';
import { maskPhone } from '@leadline/contracts/phone-number';
import type { Database } from '@leadline/database/open-database';
import { instant, rows } from '@leadline/database/sql';
import { answer, type Answering } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { z } from 'zod';
import { fault } from '../intake/lead-schema.ts';

const receipt = z
  .object({
    id: z.string(),
    receivedAt: instant,
    source: z.string(),
    sourceLeadId: z.string().nullable(),
    verdict: z.string(),
    faults: z.array(fault).nullable(),
    leadId: z.number().nullable(),
    phone: z.string().nullable(),
    status: z.string().nullable(),
    sameIdAs: z.string().nullable(),
    otherNumbers: z.number(),
  })
  .transform(({ leadId, phone, status, ...found }) => ({
    ...found,
    receivedAt: found.receivedAt.toISOString(),
    faults: found.faults ?? [],
    lead: leadId === null ? null : { id: leadId, status, phone: phone === null ? null : maskPhone(phone) },
  }));

/** Answers `ops.ingest.receipts`: deliveries, newest first. It masks numbers, and returns neither bodies nor names. */
export function answerQuestions(nats: Nats, postgres: Database): Promise<Answering> {
  return answer(nats, receipts, (question) =>
    rows(
      postgres.sql,
      receipt,
      `select r.id, r.received_at, r.source, r.source_lead_id, r.verdict, r.faults, r.lead_id, l.phone, l.status,
              r.same_id_as, (select count(*)::int from lead_receipts o where o.same_id_as = r.id) as other_numbers
         from lead_receipts r left join leads l on l.id = r.lead_id
        where ($1::text is null or r.source = $1) and ($2::int is null or r.lead_id = $2)
          and ($3::text is null or r.verdict = $3) and ($4::timestamptz is null or r.received_at < $4)
        order by r.received_at desc limit $5`,
      [
        question.source ?? null,
        question.leadId ?? null,
        question.verdict ?? null,
        question.before ?? null,
        question.limit,
      ],
    ),
  );
}
