import { normalisePhone } from '@leadline/contracts/phone-number';
import { testCallSource } from '@leadline/contracts/test-call';
import { instant, row, rows, type Sql } from '@leadline/database/sql';
import { z } from 'zod';
import type { DialFacts } from './decide-dial.ts';
import { aheadMs } from './deps.ts';
import { hasUnheardReport, isOnList, talkedAt } from './number-rules.ts';
import { controlColumns, controlRow, noControl, type ControlRow } from './read-control.ts';
import {
  askedAgain,
  isTestCall,
  leadCalls,
  leadCallsColumns,
  leadColumns,
  leadRow,
  type LeadRow,
} from './read-lead.ts';

/** How long an open call of the old program uses its number and a slot. */
export const oldCallHolds = `interval '15 minutes'`;

/** SQL of which calls count: at which time, without which call, and for a permit only calls whose dial was sent. */
type Counting = { at: string; exceptCallId: string; sentOnly: boolean };

/**
 * SQL of the other dials and old calls that use this number, each with its end or null. `offset 0` makes Postgres read the
 * facts of these dials one by one; without it, Postgres may expect many dials and read all facts.
 */
const holdersOf = (number: string, { at, exceptCallId, sentOnly }: Counting): string =>
  `select f.number_free_at as until
     from dials d left join lateral (select number_free_at from call_facts where call_id = d.call_id offset 0) f on true
    where last_ten(d.phone) = last_ten(${number}) and d.revoked_at is null and d.call_id is distinct from ${exceptCallId}
      and (f.number_free_at is null or f.number_free_at > ${at}) ${sentOnly ? 'and d.sent_at is not null' : ''}
   union all
   select call_started_at + ${oldCallHolds}
     from calls
    where last_ten(phone) = last_ten(${number}) and attempt is null and status = 'calling'
      and call_started_at > ${at} - ${oldCallHolds}`;

/**
 * SQL of the calls that use one of the trunk's channels: undecided calls until the tracker knows when the channel is free,
 * decided ones until that time. Neither part reads calls that are over.
 */
const slotsInUse = ({ at, sentOnly }: Omit<Counting, 'exceptCallId'>): string => {
  const counts = `d.revoked_at is null and d.claimed_at > ${at} - interval '1 day' ${sentOnly ? 'and d.sent_at is not null' : ''}`;
  return `((select count(*) from dials d left join call_facts f on f.call_id = d.call_id
             where d.decided_at is null and ${counts} and (f.slot_free_at is null or f.slot_free_at > ${at}))
         + (select count(*) from call_facts f join dials d on d.call_id = f.call_id
             where coalesce(f.slot_free_at, 'infinity') > ${at} and d.decided_at is not null and ${counts})
         + (select count(*) from calls where attempt is null and status = 'calling'
               and call_started_at > ${at} - ${oldCallHolds}))::int`;
};

export async function countSlotsInUse(sql: Sql, at: Date): Promise<number> {
  const text = `select ${slotsInUse({ at: '$1::timestamptz', sentOnly: false })} as used`;
  const found = await row(sql, z.object({ used: z.number() }), text, [at]);
  return found?.used ?? 0;
}

/** One lead, with all that `decideDial` needs. */
export type Seen = {
  lead: LeadRow;
  facts: DialFacts;
  /** The number of its newest attempt. */
  lastAttempt: number;
  /** The trace of the lead's delivery. */
  traceparent: string | null;
  /** For a permit: its call, and whether that call goes on with a dial that was neither sent nor revoked. */
  callId: number | null;
  isUnsent: boolean;
  /** For a claim: the id of the call to come. */
  nextCallId: number | undefined;
};

export type Sight = {
  /** When the facts were read: the database's clock, through `deps.now`. */
  now: Date;
  control: ControlRow;
  /** In the order that the caller gave, or in which they are due. Leads that no longer exist are missing. */
  leads: Seen[];
};

/**
 * Which leads to read. A claim locks their rows. `due` is SQL of the due leads, with the columns of `named`. For permits,
 * only other dials that were sent count: claims that still wait beside them do not. `testCallTo` is a number: it reads what
 * the claim would see if a test call to it had just been made.
 */
export type Whom =
  | { leadIds: readonly number[] }
  | { forClaim: readonly number[] }
  | { dueForClaim: (now: string) => string }
  | { due: (now: string) => string }
  | { permitsOf: readonly { callId: number; leadId: number; phone: string }[] }
  | { testCallTo: string };

/**
 * Reads everything that decides whether these leads' phones may ring now, in one statement for all of them.
 */
export async function loadDialFacts(sql: Sql, whom: Whom, toNow: ToNow): Promise<Sight> {
  const sight = await look(sql, whom, toNow);
  if ('permitsOf' in whom) return sight;
  // The old program stored some numbers in other forms. We call what `normalisePhone` makes of such a number.
  const isOdd = ({ facts, lastTen }: Looked): boolean =>
    facts.phone !== undefined && facts.phone.slice(-10) !== lastTen;
  const odd = sight.leads.filter(isOdd);
  if (odd.length === 0) return sight;
  const again = await look(
    sql,
    { leadIds: odd.map(({ lead }) => lead.id), phones: odd.map(({ facts }) => facts.phone ?? null) },
    toNow,
  );
  const facts = new Map(again.leads.map((seen) => [seen.lead.id, seen.facts]));
  return { ...sight, leads: sight.leads.map((seen) => ({ ...seen, facts: facts.get(seen.lead.id) ?? seen.facts })) };
}

/** The same for one lead, whose row the caller has locked. */
export async function loadFactsOf(sql: Sql, lead: LeadRow, toNow: ToNow): Promise<{ now: Date; facts: DialFacts }> {
  const { now: at, leads } = await loadDialFacts(sql, { leadIds: [lead.id] }, toNow);
  const [seen] = leads;
  if (seen === undefined) throw new Error('a lead whose row is locked was not found');
  return { now: at, facts: seen.facts };
}

type ToNow = (databaseTime: Date) => Date;
type Looked = Seen & { lastTen: string };

const now = '(select now from clock)';
/** $1: our time minus the database's, in ms; $2 leads; $3 calls that do not count; $4 numbers instead of the leads'. */
const named = `select lead_id, call_id, phone, place from unnest($2::int[], $3::int[], $4::text[]) with ordinality
                 as g(lead_id, call_id, phone, place)`;

/** A claim locks the leads' rows until its transaction ends, so that nobody settles a lead at the same time. */
const toText = (purpose: 'read' | 'claim' | 'permit' | 'imagine', wanted: string): string => {
  const number = 'coalesce(g.phone, l.phone)';
  const counting: Counting = { at: now, exceptCallId: 'g.call_id', sentOnly: purpose === 'permit' };
  const locked = `
    l as materialized (
      select id, status, name, phone, source, product_name, retry_after, retry_count, failure_reason, created_at
        from leads l
       where l.id = any (array(select lead_id from wanted)) and l.status = 'new'
         and (l.retry_after is null or l.retry_after <= ${now})
       order by l.id for update of l),`;
  const imagined = `
    l as materialized (
      select 0 as id, 'new'::text as status, ''::text as name, $2::text as phone, '${testCallSource}'::text as source,
             null::text as product_name, null::timestamptz as retry_after, 0 as retry_count, null::text as failure_reason,
             ${now} as created_at),`;
  const lead = { read: 'leads l', permit: 'leads l', claim: 'l', imagine: 'l' }[purpose];
  return `
  with clock as materialized (select clock_timestamp() + $1::float8 * interval '1 ms' as now),
    wanted as materialized (${wanted}),
    ${purpose === 'claim' ? locked : purpose === 'imagine' ? imagined : ''}
    used as materialized (select ${slotsInUse(counting)} as slots)
  select clock.now, ${controlColumns}, used.slots as slots_in_use, ${leadColumns},
         ${leadCallsColumns('l.id', 'g.call_id')}, coalesce(${isOnList(number)}, false) as do_not_call,
         coalesce(${hasUnheardReport(number)}, false) as unheard_report, ${talkedAt(number)} as talked_at,
         g.call_id, held.by > 0 as is_held, held.until as held_until, last_ten(${number}) as last_ten,
         coalesce((select max(attempt) from calls where lead_id = l.id), 0) as last_attempt,
         (select traceparent from lead_receipts where lead_id = l.id and verdict = 'accepted'
           order by received_at limit 1) as traceparent,
         exists (select from dials d join calls k on k.id = d.call_id
                  where d.call_id = g.call_id and d.sent_at is null and d.revoked_at is null
                    and k.status = 'calling') as is_unsent
         ${purpose === 'claim' ? `, case when l.id is not null then nextval(pg_get_serial_sequence('calls', 'id')) end as next_call_id` : ''}
    from clock cross join used cross join dial_control c
    left join (wanted g join ${lead} on l.id = g.lead_id
               cross join lateral ${askedAgain('l.id')}
               -- One of whom nobody knows until when holds it until nobody knows when.
               cross join lateral (
                 select count(*) as by, case when bool_or(h.until is null) then null else max(h.until) end as until
                   from (${holdersOf(number, counting)}) h) as held) on true
   where c.id = 1
   order by g.place`;
};
const readText = toText('read', named);
const claimText = toText('claim', named);
const permitText = toText('permit', named);
const testCallText = toText('imagine', `select 0 as lead_id, null::int as call_id, null::text as phone, 1 as place`);

/** The statement, and its parameters without the first. */
function toStatement(
  whom: Whom | { leadIds: readonly number[]; phones: readonly (string | null)[] },
): [string, unknown[]] {
  if ('permitsOf' in whom) {
    const { permitsOf: calls } = whom;
    return [
      permitText,
      [calls.map(({ leadId }) => leadId), calls.map(({ callId }) => callId), calls.map(({ phone }) => phone)],
    ];
  }
  if ('testCallTo' in whom) return [testCallText, [whom.testCallTo]];
  if ('dueForClaim' in whom) return [toText('claim', whom.dueForClaim(now)), []];
  if ('due' in whom) return [toText('read', whom.due(now)), []];
  const leadIds = 'forClaim' in whom ? whom.forClaim : whom.leadIds;
  const nobody = leadIds.map(() => null);
  return ['forClaim' in whom ? claimText : readText, [leadIds, nobody, 'phones' in whom ? whom.phones : nobody]];
}

const general = controlRow.extend({ slotsInUse: z.number() });
const factsRow = z.union([
  general.extend({ id: z.null() }),
  general.extend({
    ...leadRow.shape,
    ...leadCalls.shape,
    doNotCall: z.boolean(),
    unheardReport: z.boolean(),
    talkedAt: instant.nullable(),
    isHeld: z.boolean(),
    heldUntil: instant.nullable(),
    lastTen: z.string(),
    lastAttempt: z.number(),
    traceparent: z.string().nullable(),
    callId: z.number().nullable(),
    isUnsent: z.boolean(),
    nextCallId: z.coerce.number().optional(),
  }),
]);
type FactsRow = Extract<z.infer<typeof factsRow>, { id: number }>;

async function look(
  sql: Sql,
  whom: Parameters<typeof toStatement>[0],
  toNow: ToNow,
): Promise<Omit<Sight, 'leads'> & { leads: Looked[] }> {
  const [text, parameters] = toStatement(whom);
  const found = await rows(sql, factsRow, text, [aheadMs(toNow), ...parameters]);
  const [control] = found;
  if (control === undefined) throw new Error(noControl);
  const calls = 'permitsOf' in whom ? new Map(whom.permitsOf.map(({ callId, phone }) => [callId, phone])) : undefined;
  const leads = found.flatMap((each) => (each.id === null ? [] : toSeen(each, calls, 'testCallTo' in whom)));
  return { now: control.now, control, leads };
}

function toSeen(found: FactsRow, calls: Map<number, string> | undefined, isImagined: boolean): Looked {
  const isTested = isImagined || isTestCall(found);
  const normalised = normalisePhone(found.phone);
  const own = normalised.ok ? normalised.phone : undefined;
  // A permit is for the number that was claimed. If the lead's number has changed, it must be claimed again.
  const phone = calls === undefined || calls.get(found.callId ?? 0) === own ? own : undefined;
  return {
    lead: found,
    callId: found.callId,
    lastAttempt: found.lastAttempt,
    traceparent: found.traceparent,
    isUnsent: found.isUnsent,
    nextCallId: found.nextCallId,
    lastTen: found.lastTen,
    facts: {
      lead: {
        status: found.status,
        retryAfter: found.retryAfter,
        enquiredAt: found.enquiredAt,
        askedAgainAt: found.askedAgainAt,
        lastEnquiryAt: found.lastEnquiryAt,
      },
      promise: found.promise,
      isTest: found.isTest && !isTested,
      testCall: isTested
        ? { madeAt: found.createdAt, hasEarlierCall: found.lastAttempt > (found.callId === null ? 0 : 1) }
        : null,
      dndFlag: found.dndFlag,
      phone,
      hasUndecidedCall: found.hasUndecidedCall,
      hasAnswers: found.hasAnswers,
      disposition: found.disposition,
      doNotCall: found.doNotCall,
      unheardReport: found.unheardReport,
      talkedAt: found.talkedAt,
      numberInUse: found.isHeld ? { until: found.heldUntil } : undefined,
      slotsInUse: found.slotsInUse,
      control: {
        stopped: found.stoppedAt !== null,
        breakerOpenUntil: found.breakerOpenUntil,
        breakerTripped: found.breakerDelayMs !== null,
        probedAt: found.probedAt,
      },
    },
  };
}
