import { normalisePhone } from '@leadline/contracts/phone-number';
import { agentModes } from '@leadline/contracts/qualification';
import { instant, row, type Sql } from '@leadline/database/sql';
import { z } from 'zod';
import type { DialFacts } from './decide-dial.ts';

const leadRow = z.object({
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
  agentMode: agentModes.nullable().catch(null),
  /** What further enquiries ask for, in the order in which they came. */
  enquiredProducts: z.array(z.string()),
  lastEnquiryAt: instant.nullable(),
  /** How many further enquiries joined it, and how many of them an attempt or its retry's time has taken account of. */
  enquiries: z.number(),
  heeded: z.number(),
});
export type LeadRow = z.infer<typeof leadRow>;

const controlRow = z.object({
  /** The database's clock, read with the rest. */
  now: instant,
  stoppedAt: instant.nullable(),
  nextDialAt: instant.nullable(),
  breakerOpenUntil: instant.nullable(),
  breakerDelayMs: z.number().nullable(),
  startupFailures: z.number(),
  probedAt: instant.nullable(),
  /** The newest permit. */
  lastSentAt: instant.nullable(),
  unsentDials: z.number(),
});
export type ControlRow = z.infer<typeof controlRow>;

/** An old program's open call holds its number and a slot this long. */
export const oldCallHolds = `interval '15 minutes'`;

/**
 * When the buyer asked, as its receipt r tells: a time ahead of the arrival does not count, and none does where a person
 * who imported an old file wants it rung all the same.
 */
const askedAt = (arrivedAt: string): string =>
  `case when r.counts_from_arrival then ${arrivedAt} else least(r.enquired_at, ${arrivedAt}) end`;

/** A lead's row, and what ingest keeps beside it: how it came, and the enquiries that joined it. */
const leadColumns = `id, status, name, phone, source, product_name, retry_after, retry_count, failure_reason, created_at,
  exists (select from lead_origins o where o.lead_id = leads.id and o.dnd_flag)
    or exists (select from lead_enquiries e where e.lead_id = leads.id and e.dnd_flag) as dnd_flag,
  exists (select from lead_origins o where o.lead_id = leads.id and o.is_test) as is_test,
  (select agent_mode from lead_origins o where o.lead_id = leads.id) as agent_mode,
  (select coalesce(jsonb_agg(e.product_name order by e.added_at), '[]') from lead_enquiries e
    where e.lead_id = leads.id and e.product_name is not null) as enquired_products,
  coalesce((select ${askedAt('created_at')} from lead_receipts r where r.lead_id = leads.id and r.verdict = 'accepted'
             order by r.received_at limit 1), created_at) as enquired_at,
  (select max(coalesce((select ${askedAt('e.added_at')} from lead_receipts r where r.id = e.receipt_id), e.added_at))
     from lead_enquiries e where e.lead_id = leads.id) as last_enquiry_at,
  (select count(*)::int from lead_enquiries e where e.lead_id = leads.id) as enquiries,
  -- Attempts of an older version kept no count: what came before the newest of them counts as heard by it.
  coalesce((select h.enquiries from enquiries_heeded h where h.lead_id = leads.id),
           (select count(*)::int from lead_enquiries e where e.lead_id = leads.id
               and e.added_at <= (select max(claimed_at) from dials d where d.lead_id = leads.id))) as heeded`;

/** Locks the lead's row for the rest of the transaction: the claim and the decision on it exclude each other. */
export function lockLead(sql: Sql, leadId: number): Promise<LeadRow | undefined> {
  return row(sql, leadRow, `select ${leadColumns} from leads where id = $1 for update`, [leadId]);
}

export function readLead(sql: Sql, leadId: number): Promise<LeadRow | undefined> {
  return row(sql, leadRow, `select ${leadColumns} from leads where id = $1`, [leadId]);
}

export async function readControl(sql: Sql): Promise<ControlRow> {
  const control = await row(
    sql,
    controlRow,
    `select clock_timestamp() as now, stopped_at, next_dial_at, breaker_open_until, breaker_delay_ms, startup_failures,
            (select max(coalesce(sent_at, claimed_at)) from dials where probe and decided_at is null) as probed_at,
            (select sent_at from dials where sent_at is not null order by call_id desc limit 1) as last_sent_at,
            (select count(*)::int from dials where sent_at is null and revoked_at is null) as unsent_dials
       from dial_control where id = 1`,
    [],
  );
  if (control === undefined) throw new Error('dial_control has lost its row: run npm run migrate');
  return control;
}

/** Answers and undecided calls of one lead. The floor is the lead's newest call when an operator last asked for one more. */
type LeadCalls = { hasAnswers: boolean; hasUndecidedCall: boolean; askedAgainAt: Date | null; floor: number };

const leadCalls = z.object({
  askedAgainAt: instant.nullable(),
  floor: z.number(),
  hasAnswers: z.boolean(),
  hasUndecidedCall: z.boolean(),
});

/** $1 is the lead, $2 a call that does not count. One row. */
const leadCallsColumns = `asked.at as asked_again_at, asked.floor,
  exists (select 1 from calls where lead_id = $1 and id > asked.floor
            and qualification is not null and qualification not in ('{}', 'null')) as has_answers,
  exists (select 1 from calls c left join dials d on d.call_id = c.id
           where c.lead_id = $1 and c.id is distinct from $2
             and (c.status = 'calling' or (d.call_id is not null and d.decided_at is null))) as has_undecided_call`;
const asked = `(select max(at) as at, coalesce(max((details->>'newestCallId')::int), 0) as floor
                  from dispatcher_audit where lead_id = $1 and action = 'call_again') as asked`;

export async function readLeadCalls(sql: Sql, leadId: number, exceptCallId: number | null): Promise<LeadCalls> {
  const found = await row(sql, leadCalls, `select ${leadCallsColumns} from ${asked}`, [leadId, exceptCallId]);
  if (found === undefined) throw new Error('an aggregate gave no row');
  return found;
}

/** A number's calls: those that name it, and those of an erased person, which are known by a keyed hash only. */
const callsOf = (number: string): string => `select id from calls where last_ten(phone) = last_ten(${number})
  union all select call_id from dials where phone_hash = (select leadline_number_hash(${number}))`;

/** Somebody took the number off the list, or let it be rung, after this. */
const takenOffAfter = (number: string, at: string): string =>
  `exists (select from do_not_call r where last_ten(r.phone) = last_ten(${number}) and r.removed_at > ${at})`;

/**
 * Whether this number is never rung again: on the list, or heard in any call of it, unless a person took it off the list
 * after it was heard, by the database's clock. An old row says only when its report was made, or its call.
 */
const isOnList = (number: string): string =>
  `exists (select from do_not_call where last_ten(phone) = last_ten(${number}) and removed_at is null)
   or exists (select from (${callsOf(number)}) n join calls c on c.id = n.id and c.do_not_call
                left join call_facts f on f.call_id = c.id
               where not ${takenOffAfter(number, 'coalesce(f.do_not_call_at, f.agent_ended_at, c.call_started_at)')})`;

/**
 * Whether the last report of one of this number's calls could not be handled: it may say never to call again, so nobody is
 * rung until a person has looked at it (call-tracker's `hold-numbers`) or took the number off the do-not-call list.
 */
const hasUnheardReport = (number: string): string =>
  `exists (select from call_facts where report_held_at is not null)
   and exists (select from (${callsOf(number)}) n join call_facts f on f.call_id = n.id
                where f.report_held_at is not null and not ${takenOffAfter(number, 'f.report_held_at')})`;

/** Whether the person behind a number wishes never to be called, whatever lead or call that was said of. */
export async function isDoNotCall(sql: Sql, phone: string): Promise<boolean> {
  const found = await row(sql, z.object({ isListed: z.boolean() }), `select ${isOnList('$1')} as is_listed`, [phone]);
  return found?.isListed ?? false;
}

/**
 * Due leads that wait for an unheard report and were told so: the claim leaves them out, so that they stand in nobody's way.
 * `l` is the lead.
 */
export const waitsForReport = `exists (select from lead_waits w where w.lead_id = l.id and w.reason = 'report_unheard')
  and exists (select from (${callsOf('l.phone')}) n join call_facts f on f.call_id = n.id
               where f.report_held_at is not null
                 and not exists (select from do_not_call r
                                  where last_ten(r.phone) = last_ten(l.phone) and r.removed_at > f.report_held_at)
              offset 0)`;

/** SQL: the settled call c brought answers. */
export const broughtAnswers = `c.status in ('called', 'pushed') and c.qualification is not null and c.qualification not in ('{}', 'null')`;

/** When the newest talk of this number ended that brought answers, whoever rang it. */
const talkedAt = (number: string): string =>
  `(select max(coalesce(call_ended_at, updated_at)) from calls c where last_ten(c.phone) = last_ten(${number}) and ${broughtAnswers})`;

/** Which calls count: at which time, and except which one; for a permit only those that were sent. Names of parameters. */
type Counting = { at: string; exceptCallId: string; sentOnly: string };

/**
 * Other dials and old calls that hold this number, each with the time until when, or null. `offset 0`: the facts of these
 * dials one by one. Postgres may else take them for many, and read all the facts there are.
 */
const holdersOf = (number: string, { at, exceptCallId, sentOnly }: Counting): string =>
  `select f.number_free_at as until
     from dials d left join lateral (select number_free_at from call_facts where call_id = d.call_id offset 0) f on true
    where last_ten(d.phone) = last_ten(${number}) and d.revoked_at is null and d.call_id is distinct from ${exceptCallId}
      and (f.number_free_at is null or f.number_free_at > ${at}) and (d.sent_at is not null or not ${sentOnly})
   union all
   select call_started_at + ${oldCallHolds}
     from calls
    where last_ten(phone) = last_ten(${number}) and attempt is null and status = 'calling'
      and call_started_at > ${at}::timestamptz - ${oldCallHolds}`;

/**
 * Calls that hold one of the trunk's channels: undecided ones until the tracker says when theirs is free, decided ones
 * until then. Neither part looks at the calls of the day that are over.
 */
const slotsInUse = ({ at, exceptCallId, sentOnly }: Counting): string => {
  const counts = `d.revoked_at is null and d.claimed_at > ${at}::timestamptz - interval '1 day'
                 and d.call_id is distinct from ${exceptCallId} and (d.sent_at is not null or not ${sentOnly})`;
  return `((select count(*) from dials d left join call_facts f on f.call_id = d.call_id
             where d.decided_at is null and ${counts} and (f.slot_free_at is null or f.slot_free_at > ${at}))
         + (select count(*) from call_facts f join dials d on d.call_id = f.call_id
             where coalesce(f.slot_free_at, 'infinity') > ${at} and d.decided_at is not null and ${counts})
         + (select count(*) from calls where attempt is null and status = 'calling'
               and call_started_at > ${at}::timestamptz - ${oldCallHolds}))::int`;
};

export async function countSlotsInUse(sql: Sql, at: Date): Promise<number> {
  const found = await row(
    sql,
    z.object({ used: z.number() }),
    `select ${slotsInUse({ at: '$1', exceptCallId: 'null', sentOnly: 'false' })} as used`,
    [at],
  );
  return found?.used ?? 0;
}

const dialFacts = leadCalls.extend({
  doNotCall: z.boolean(),
  unheardReport: z.boolean(),
  talkedAt: instant.nullable(),
  isHeld: z.boolean(),
  heldUntil: instant.nullable(),
  slotsInUse: z.number(),
});
/** $1 lead, $2 call that does not count, $3 number, $4 now, $5 whether only dials that were sent count. */
const counting: Counting = { at: '$4::timestamptz', exceptCallId: '$2::int', sentOnly: '$5::boolean' };
const dialFactsText = `
  select ${leadCallsColumns}, coalesce(${isOnList('$3::text')}, false) as do_not_call,
         coalesce(${hasUnheardReport('$3::text')}, false) as unheard_report, ${talkedAt('$3::text')} as talked_at,
         held.by > 0 as is_held, held.until as held_until, ${slotsInUse(counting)} as slots_in_use
    from ${asked},
         -- One of whom nobody knows until when holds it until nobody knows when.
         (select count(*) as by, case when bool_or(h.until is null) then null else max(h.until) end as until
            from (${holdersOf('$3::text', counting)}) h) as held`;

/**
 * Everything `decideDial` asks about a lead, by one statement. For the permit, `except` leaves the call itself out and
 * counts only dials that were sent: claims that wait beside it have no right over it.
 */
export async function loadDialFacts(
  sql: Sql,
  { lead, control }: { lead: LeadRow; control: ControlRow },
  at: Date,
  except: { callId: number | null; sentOnly: boolean } = { callId: null, sentOnly: false },
): Promise<DialFacts> {
  const normalised = normalisePhone(lead.phone);
  const phone = normalised.ok ? normalised.phone : undefined;
  const found = await row(sql, dialFacts, dialFactsText, [lead.id, except.callId, phone ?? null, at, except.sentOnly]);
  if (found === undefined) throw new Error('an aggregate gave no row');
  return {
    lead: {
      status: lead.status,
      retryAfter: lead.retryAfter,
      enquiredAt: lead.enquiredAt,
      askedAgainAt: found.askedAgainAt,
      lastEnquiryAt: lead.lastEnquiryAt,
    },
    isTest: lead.isTest,
    dndFlag: lead.dndFlag,
    phone,
    hasUndecidedCall: found.hasUndecidedCall,
    hasAnswers: found.hasAnswers,
    doNotCall: found.doNotCall,
    unheardReport: found.unheardReport,
    talkedAt: found.talkedAt,
    numberInUse: found.isHeld ? { until: found.heldUntil } : undefined,
    slotsInUse: found.slotsInUse,
    control: {
      stopped: control.stoppedAt !== null,
      breakerOpenUntil: control.breakerOpenUntil,
      breakerTripped: control.breakerDelayMs !== null,
      probedAt: control.probedAt,
    },
  };
}
