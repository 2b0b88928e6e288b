import type { AskedBy, ResultOf } from '@leadline/contracts/command';
import type * as contracts from '@leadline/contracts/commands/callbacks';
import { callbackAskers, callbackPrecisions } from '@leadline/contracts/events/agent-callback-requested';
import { databaseNow } from '@leadline/database/locks';
import { affected, instant, row, rows, type Sql } from '@leadline/database/sql';
import { CommandRefused } from '@leadline/messaging/ask';
import { z } from 'zod';
import { audit } from './audit.ts';
import { nextOpening } from './call-window.ts';
import { ringWindowMs } from './decide-dial.ts';
import type { Deps } from './deps.ts';
import { addCallback, closePromise, dueForPromise, readPromise, replacePromise, tellMoved } from './keep-promises.ts';
import { lockLead, readLeadCalls, type LeadRow } from './read-lead.ts';
import type { PromiseRow } from './promise-row.ts';
import { failLead, markLeadAnswered } from './settle-lead.ts';

const view = z.object({
  id: z.number(),
  leadId: z.number(),
  callId: z.number().nullable(),
  at: instant.nullable(),
  dueAt: instant.nullable(),
  precision: z.string(),
  confirmed: z.boolean(),
  askedBy: z.string(),
  keptBy: z.string(),
  state: z.string(),
  why: z.string().nullable(),
  rangAt: instant.nullable(),
});
const viewColumns = `id, lead_id, call_id, at, due_at, precision, confirmed, asked_by, kept_by, state, why, rang_at`;

/** `ops.dispatcher.list_callbacks` */
export async function listCallbacks(
  asked: AskedBy<typeof contracts.listCallbacks>,
  { postgres }: Pick<Deps, 'postgres'>,
): Promise<ResultOf<typeof contracts.listCallbacks>> {
  const found = await rows(
    postgres.sql,
    view,
    `select ${viewColumns} from callbacks
      where ($1::int is null or lead_id = $1) and ($2::text is null or state = $2)
      order by state <> 'waiting', case when state = 'waiting' then due_at end, id desc limit $3`,
    [asked.leadId ?? null, asked.state ?? null, asked.limit],
  );
  return { callbacks: found.map(toWire) };
}

/**
 * `ops.dispatcher.move_callback`: an operator moves the callback to another time.
 * @throws CommandRefused if the lead has no callback by the agent, if its call is on its way, or if the time is over
 */
export function moveCallback(
  asked: AskedBy<typeof contracts.moveCallback>,
  deps: Deps,
): Promise<ResultOf<typeof contracts.moveCallback>> {
  return deps.postgres.transaction(async (sql) => {
    const { lead, promise, now } = await lockPromise(sql, asked.leadId, deps);
    const at = new Date(asked.at);
    if (at < now) throw new CommandRefused('at: must be in the future');
    const kept = await readKept(sql, promise.id);
    const dueAt = nextOpening(deps.policy.window, at, ringWindowMs(deps.policy));
    await replacePromise(sql, promise, 'operator', now);
    await addCallback(
      sql,
      {
        ...kept,
        leadId: lead.id,
        callId: promise.callId,
        at,
        dueAt,
        keptBy: 'agent',
        saidAt: now,
        heardAt: null,
        state: 'waiting',
        why: null,
      },
      now,
    );
    const moved = await readPromise(sql, lead.id);
    if (moved === null) throw new Error('a promise that was just made is not there');
    await tellMoved(sql, lead, { from: promise.at, to: at, reason: 'operator' });
    if (dueAt > at) await tellMoved(sql, lead, { from: at, to: dueAt, reason: 'window_shut' });
    await dueForPromise(sql, { lead, promise: moved }, null, now, deps);
    const details = { from: promise.at.toISOString(), to: asked.at };
    await audit(sql, { action: 'move_callback', who: asked.who, reason: asked.reason, leadId: lead.id, details });
    return readView(sql, moved.id);
  });
}

/**
 * `ops.dispatcher.cancel_callback`: we do not call the buyer at that time, nor now in its place.
 * @throws CommandRefused if the lead has no callback by the agent, or if its call is on its way
 */
export function cancelCallback(
  asked: AskedBy<typeof contracts.cancelCallback>,
  deps: Deps,
): Promise<ResultOf<typeof contracts.cancelCallback>> {
  return deps.postgres.transaction(async (sql) => {
    const { lead, promise, hasAnswers, now } = await lockPromise(sql, asked.leadId, deps);
    await closePromise(sql, { lead, promise }, { state: 'cancelled', why: 'operator' }, now);
    if (hasAnswers) await markLeadAnswered(sql, lead, now);
    else await failLead(sql, lead, { reason: 'callback_cancelled', retryCount: lead.retryCount }, now);
    const details = { at: promise.at.toISOString() };
    await audit(sql, { action: 'cancel_callback', who: asked.who, reason: asked.reason, leadId: lead.id, details });
    return readView(sql, promise.id);
  });
}

async function lockPromise(
  sql: Sql,
  leadId: number,
  deps: Deps,
): Promise<{ lead: LeadRow; promise: PromiseRow; hasAnswers: boolean; now: Date }> {
  const lead = await lockLead(sql, leadId);
  if (lead === undefined) throw new CommandRefused(`leadId: there is no lead ${leadId}`);
  if (lead.promise === null) throw new CommandRefused(`leadId: lead ${leadId} has no callback to move or cancel`);
  const { hasAnswers, hasUndecidedCall } = await readLeadCalls(sql, leadId);
  if (hasUndecidedCall) throw new CommandRefused(`leadId: a call of lead ${leadId} is on its way`);
  return { lead, promise: lead.promise, hasAnswers, now: deps.now(await databaseNow(sql)) };
}

const kept = z.object({
  words: z.string().nullable(),
  precision: callbackPrecisions,
  confirmed: z.boolean(),
  askedBy: callbackAskers,
});

async function readKept(sql: Sql, id: number): Promise<z.infer<typeof kept>> {
  const found = await row(sql, kept, `select words, precision, confirmed, asked_by from callbacks where id = $1`, [id]);
  if (found === undefined) throw new Error('a promise whose lead is locked is gone');
  return found;
}

async function readView(sql: Sql, id: number): Promise<contracts.CallbackView> {
  const found = await row(sql, view, `select ${viewColumns} from callbacks where id = $1`, [id]);
  if (found === undefined) throw new Error('a promise whose lead is locked is gone');
  return toWire(found);
}

function toWire({ at, dueAt, rangAt, ...told }: z.infer<typeof view>): contracts.CallbackView {
  return {
    ...told,
    at: at?.toISOString() ?? null,
    dueAt: dueAt?.toISOString() ?? null,
    rangAt: rangAt?.toISOString() ?? null,
  };
}

/** Erases a person's words and cancels the promises to that person. */
export async function erasePromises(sql: Sql, phone: string, now: Date): Promise<number> {
  return affected(
    sql,
    `update callbacks b set words = null, state = case when state = 'waiting' then 'cancelled' else state end,
            why = case when state = 'waiting' then 'erased' else why end,
            closed_at = coalesce(closed_at, $2)
      where (b.words is not null or b.state = 'waiting')
        and b.lead_id in (select id from leads where last_ten(phone) = last_ten($1)
                           union select lead_id from calls where last_ten(phone) = last_ten($1))`,
    [phone, now],
  );
}
