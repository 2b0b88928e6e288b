import { dispositions, type Disposition } from '@leadline/contracts/disposition';
import { modeName } from '@leadline/contracts/mode';
import { instant, row, type Sql } from '@leadline/database/sql';
import { z } from 'zod';
import { promiseColumn, promiseRow } from './promise-row.ts';

export const leadRow = z.object({
  id: z.number(),
  status: z.string(),
  name: z.string(),
  phone: z.string(),
  source: z.string(),
  productName: z.string().nullable(),
  retryAfter: instant.nullable(),
  retryCount: z.number(),
  failureReason: z.string().nullable(),
  createdAt: instant,
  /** When the buyer asked, by the vendor's own time where that is not ahead of its arrival. */
  enquiredAt: instant,
  /** Said by the lead's own source, or by that of an enquiry that joined it. */
  dndFlag: z.boolean(),
  isTest: z.boolean(),
  agentMode: modeName.nullable().catch(null),
  /** The language that the person asked for, and whether a machine holds a message of ours, by any of its calls. */
  language: z.string().nullable(),
  messageLeft: z.boolean(),
  /** What further enquiries ask for, in the order in which they came. */
  enquiredProducts: z.array(z.string()),
  lastEnquiryAt: instant.nullable(),
  /** How many further enquiries joined it, and how many of them an attempt or its retry's time has taken account of. */
  enquiries: z.number(),
  heeded: z.number(),
  promise: promiseRow.nullable(),
});
export type LeadRow = z.infer<typeof leadRow>;

/**
 * When the buyer asked, as its receipt r tells: a time ahead of the arrival does not count, and none does where a person
 * who imported an old file wants it rung all the same.
 */
const askedAt = (arrivedAt: string): string =>
  `case when r.counts_from_arrival then ${arrivedAt} else least(r.enquired_at, ${arrivedAt}) end`;

/** A lead's row l, and what ingest keeps beside it: how it came, and the enquiries that joined it. */
export const leadColumns = `l.id, l.status, l.name, l.phone, l.source, l.product_name, l.retry_after, l.retry_count, l.failure_reason, l.created_at,
  exists (select from lead_origins o where o.lead_id = l.id and o.dnd_flag)
    or exists (select from lead_enquiries e where e.lead_id = l.id and e.dnd_flag) as dnd_flag,
  exists (select from lead_origins o where o.lead_id = l.id and o.is_test) as is_test,
  (select agent_mode from lead_origins o where o.lead_id = l.id) as agent_mode,
  (select f.language from calls c join call_facts f on f.call_id = c.id
    where c.lead_id = l.id and f.language is not null order by c.id desc limit 1) as language,
  exists (select from calls c join call_facts f on f.call_id = c.id
           where c.lead_id = l.id and f.message_left) as message_left,
  (select coalesce(jsonb_agg(e.product_name order by e.added_at), '[]') from lead_enquiries e
    where e.lead_id = l.id and e.product_name is not null) as enquired_products,
  coalesce((select ${askedAt('l.created_at')} from lead_receipts r where r.lead_id = l.id and r.verdict = 'accepted'
             order by r.received_at limit 1), l.created_at) as enquired_at,
  (select max(coalesce((select ${askedAt('e.added_at')} from lead_receipts r where r.id = e.receipt_id), e.added_at))
     from lead_enquiries e where e.lead_id = l.id) as last_enquiry_at,
  (select count(*)::int from lead_enquiries e where e.lead_id = l.id) as enquiries,
  -- Attempts of an older version kept no count: what came before the newest of them counts as heard by it.
  coalesce((select h.enquiries from enquiries_heeded h where h.lead_id = l.id),
           (select count(*)::int from lead_enquiries e where e.lead_id = l.id
               and e.added_at <= (select max(claimed_at) from dials d where d.lead_id = l.id))) as heeded,
  ${promiseColumn('l')} as promise`;

/** Locks the lead's row for the rest of the transaction: the claim and the decision on it exclude each other. */
export function lockLead(sql: Sql, leadId: number): Promise<LeadRow | undefined> {
  return row(sql, leadRow, `select ${leadColumns} from leads l where l.id = $1 for update of l`, [leadId]);
}

/** As `lockLead`, of the lead that a call belongs to. */
export function lockLeadOfCall(sql: Sql, callId: number): Promise<LeadRow | undefined> {
  const text = `select ${leadColumns} from leads l where l.id = (select lead_id from calls where id = $1) for update of l`;
  return row(sql, leadRow, text, [callId]);
}

/** The due time of a lead that is claimed: it keeps the old program away, and the decision on the call overwrites it. */
export const claimedFor = `interval '1 day'`;

/** Answers and undecided calls of one lead. The floor is the lead's newest call when an operator last asked for one more. */
type LeadCalls = {
  hasAnswers: boolean;
  disposition: Disposition | null;
  hasUndecidedCall: boolean;
  askedAgainAt: Date | null;
  floor: number;
};

export const leadCalls = z.object({
  askedAgainAt: instant.nullable(),
  floor: z.number(),
  hasAnswers: z.boolean(),
  disposition: dispositions.nullable().catch(null),
  hasUndecidedCall: z.boolean(),
});

/** SQL: what `asked` and the calls of a lead tell, leaving one call out. */
export const leadCallsColumns = (
  lead: string,
  exceptCallId: string,
): string => `asked.at as asked_again_at, asked.floor,
  exists (select 1 from calls where lead_id = ${lead} and id > asked.floor
            and qualification is not null and qualification not in ('{}', 'null')) as has_answers,
  (select f.disposition from calls c join call_facts f on f.call_id = c.id
    where c.lead_id = ${lead} and c.id > asked.floor and f.disposition is not null order by c.id desc limit 1) as disposition,
  exists (select 1 from calls c left join dials d on d.call_id = c.id
           where c.lead_id = ${lead} and c.id is distinct from ${exceptCallId}
             and (c.status = 'calling' or (d.call_id is not null and d.decided_at is null))) as has_undecided_call`;
export const askedAgain = (
  lead: string,
): string => `(select max(at) as at, coalesce(max((details->>'newestCallId')::int), 0) as floor
                  from dispatcher_audit where lead_id = ${lead} and action = 'call_again') as asked`;

export async function readLeadCalls(sql: Sql, leadId: number): Promise<LeadCalls> {
  const found = await row(sql, leadCalls, `select ${leadCallsColumns('$1', 'null')} from ${askedAgain('$1')}`, [
    leadId,
  ]);
  if (found === undefined) throw new Error('an aggregate gave no row');
  return found;
}
