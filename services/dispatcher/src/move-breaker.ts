import { lockDialControl } from '@leadline/database/locks';
import { affected, instant, row, rows, type Sql } from '@leadline/database/sql';
import { z } from 'zod';
import {
  decideBreaker,
  isCalm,
  knowsNoNumber,
  type Breaker,
  type BreakerPolicy,
  type BreakerSign,
  type SentDial,
} from './decide-breaker.ts';

/** A sign, with the call whose dial gave it. */
export type ShownSign =
  | Exclude<BreakerSign, { dial: SentDial }>
  | { kind: Extract<BreakerSign, { dial: SentDial }>['kind']; callId: number };

/** `dials.put_back_reason` of a dial that was sent to a trunk which calls all numbers unknown. */
const putBackReason = 'numbers_unknown';

/**
 * Moves the breaker, which all replicas share, under dial_control's lock. A good sign on a closed breaker changes nothing
 * and takes no lock; a fault always takes it. If the trunk turns out to know no number, the dials that it refused are put
 * back, in the same transaction: leads that have ended because of them are decided on again.
 */
export async function moveBreaker(sql: Sql, sign: ShownSign, now: Date, policy: BreakerPolicy): Promise<void> {
  const isGood = sign.kind === 'works' || sign.kind === 'agent_came' || sign.kind === 'reached';
  if (isGood && isCalm(await readBreaker(sql))) return;
  await lockDialControl(sql);
  const next = decideBreaker(await readBreaker(sql), await readSign(sql, sign), now, policy);
  const unknownCalls = next.unknownNumbers.map(({ callId }) => callId);
  const listed = unknownCalls.length === 0 ? null : unknownCalls;
  await affected(
    sql,
    `update dial_control set breaker_open_until = $1, breaker_delay_ms = $2, startup_failures = $3, unknown_number_calls = $4
      where id = 1 and (breaker_open_until, breaker_delay_ms, startup_failures, unknown_number_calls)
                       is distinct from ($1, $2, $3, $4::int[])`,
    [next.openUntil, next.delayMs, next.startupFailures, listed],
  );
  if (sign.kind === 'no_such_number' && knowsNoNumber(next)) await putBack(sql, unknownCalls);
}

/** settleEndedCalls finds the dials that are undecided again. */
async function putBack(sql: Sql, callIds: readonly number[]): Promise<void> {
  await affected(
    sql,
    `with doubted as (select call_id from dials where call_id = any($1::int[]) and put_back_reason is null
                       order by call_id for update)
     update dials d set put_back_reason = '${putBackReason}', decided_at = null, decided_as = null
       from doubted where d.call_id = doubted.call_id`,
    [callIds],
  );
}

async function readSign(sql: Sql, sign: ShownSign): Promise<BreakerSign> {
  if (!('callId' in sign)) return sign;
  const [dial] = await readDials(sql, [sign.callId]);
  if (dial === undefined) throw new Error(`call ${sign.callId} has no dial`);
  return { kind: sign.kind, dial };
}

const breakerRow = z.object({
  now: instant,
  openUntil: instant.nullable(),
  delayMs: z.number().nullable(),
  startupFailures: z.number(),
  unknownCalls: z.array(z.number()),
});

/** The breaker with the database's time. */
export async function readBreaker(sql: Sql): Promise<Breaker & { now: Date }> {
  const found = await row(
    sql,
    breakerRow,
    `select clock_timestamp() as now, breaker_open_until as open_until, breaker_delay_ms as delay_ms, startup_failures,
            coalesce(unknown_number_calls, '{}') as unknown_calls
       from dial_control where id = 1`,
    [],
  );
  if (found === undefined) throw new Error('dial_control has lost its row: run npm run migrate');
  const { unknownCalls, ...breaker } = found;
  return { ...breaker, unknownNumbers: unknownCalls.length === 0 ? [] : await readDials(sql, unknownCalls) };
}

const sentDial = z.object({ callId: z.number(), number: z.string(), sentAt: instant });

/** In the order of `callIds`; without those whose calls are gone. */
function readDials(sql: Sql, callIds: readonly number[]): Promise<SentDial[]> {
  return rows(
    sql,
    sentDial,
    `select d.call_id, d.phone as number, coalesce(d.sent_at, d.claimed_at) as sent_at
       from unnest($1::int[]) with ordinality listed (call_id, place) join dials d on d.call_id = listed.call_id
      order by listed.place`,
    [callIds],
  );
}
