import { dispositions, type Disposition } from '@leadline/contracts/disposition';
import { modeName } from '@leadline/contracts/mode';
import { testCallSource } from '@leadline/contracts/test-call';
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
  /** When the buyer asked: the vendor's time, unless it is later than the delivery's arrival. */
  enquiredAt: instant,
  /** The lead's source says so, or the source of an enquiry that joined it. */
  dndFlag: z.boolean(),
  /** A vendor sent it to test its connection, or `leadline test-call` made it. */
  isTest: z.boolean(),
  agentMode: modeName.nullable().catch(null),
  /** From all of the lead's calls: the language that the person asked for, and whether we left a message on a machine. */
  language: z.string().nullable(),
  messageLeft: z.boolean(),
  /** The products of further enquiries, in the order of their arrival. */
  enquiredProducts: z.array(z.string()),
  lastEnquiryAt: instant.nullable(),
  /** How many further enquiries joined the lead, and how many of them we have acted on. */
  enquiries: z.number(),
  heeded: z.number(),
  promise: promiseRow.nullable(),
});
export type LeadRow = z.infer<typeof leadRow>;

/** Whether `leadline test-call` made the lead. */
export function isTestCall({ isTest, source }: Pick<LeadRow, 'isTest' | 'source'>): boolean {
  return isTest && source === testCallSource;
}

/**
 * SQL of when the buyer asked, from the receipt r: the time of arrival if the vendor's time is later, or if the person who
 * imported an old file wants its leads called all the same.
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

/** Locks the lead's row until the transaction ends, so that it is not claimed and settled at the same time. */
export function lockLead(sql: Sql, leadId: number): Promise<LeadRow | undefined> {
  return row(sql, leadRow, `select ${leadColumns} from leads l where l.id = $1 for update of l`, [leadId]);
}

/** Like `lockLead`, for the lead of a call. */
export function lockLeadOfCall(sql: Sql, callId: number): Promise<LeadRow | undefined> {
  const text = `select ${leadColumns} from leads l where l.id = (select lead_id from calls where id = $1) for update of l`;
  return row(sql, leadRow, text, [callId]);
}

/** The due time of a claimed lead. It keeps the old program away until the decision on the call overwrites it. */
export const claimedFor = `interval '1 day'`;

/**
 * One lead's answers and undecided calls. Only answers of calls after the floor count: the newest call when an operator last
 * asked for one more.
 */
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

/** SQL of the facts in `asked` and in the lead's calls, without one call. */
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
