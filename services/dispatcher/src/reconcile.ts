import type { ResultOf } from '@leadline/contracts/command';
import { reconcile } from '@leadline/contracts/commands/reconcile';
import { callEnded } from '@leadline/contracts/events/call-ended';
import { databaseNow, lockDialControl } from '@leadline/database/locks';
import { affected, rows, type Sql } from '@leadline/database/sql';
import { answer, type Answering } from '@leadline/messaging/ask';
import { readBack } from '@leadline/messaging/read-back';
import { keepSaid, moveSequence, readSaidSince, type SaidEvent } from '@leadline/messaging/reconcile';
import { z } from 'zod';
import { audit } from './audit.ts';
import type { Deps } from './deps.ts';
import { lockLead, readLeadCalls } from './read-lead.ts';
import { restorePromises } from './restore-promises.ts';
import { failLead } from './settle-lead.ts';

type Reconciled = ResultOf<typeof reconcile.dispatcher>;

/**
 * `ops.dispatcher.reconcile` { who, reason }: after a restore from a backup, brings in from the streams whom we have called
 * since that backup. It is safe to repeat. Dialling goes on once all four services are reconciled.
 */
export function answerReconcile(deps: Deps): Promise<Answering> {
  return answer(deps.nats, reconcile.dispatcher, async (asked) => {
    const said = await readSaidSince(deps.nats, deps.postgres.sql, 'dispatcher');
    const refusing = await readDoNotCalls(deps, said.since);
    const reconciled = await deps.postgres.transaction(async (sql) => {
      await lockDialControl(sql);
      const now = deps.now(await databaseNow(sql));
      await keepSaid(sql, 'dispatcher', said);
      const calls = said.events.flatMap(({ about }) => about.callId ?? []);
      if (calls.length > 0) await moveSequence(sql, 'calls', Math.max(...calls));
      const dialling = said.events.filter(({ type }) => type === 'call.dialing');
      await markSent(sql, dialling);
      const done: Reconciled = {
        events: said.events.length,
        dialledLeads: await failAgain(sql, dialling, () => 'dialled_before_restore', now),
        failedLeads: await failAgain(
          sql,
          said.events.filter(({ type }) => type === 'lead.failed'),
          toReason,
          now,
        ),
        doNotCall: await addHeard(sql, refusing, asked.who),
        diallingFrom: (await holdDialling(sql, dialling, now, deps))?.toISOString() ?? null,
      };
      await restorePromises(sql, said.events, now, deps);
      await audit(sql, { action: 'reconcile', ...asked, details: done });
      return done;
    });
    deps.log.warn({ ...reconciled }, 'reconciled with the streams by an operator');
    return reconciled;
  });
}

/** The backup shows this dial as unsent, but it was sent: nobody may put it back, and its call may still go on. */
async function markSent(sql: Sql, dialling: SaidEvent[]): Promise<void> {
  const sent = dialling.map(({ about, time }) => ({ id: about.callId, room: about.room, at: time }));
  await affected(
    sql,
    `update dials as d set sent_at = r.at
       from jsonb_to_recordset($1::jsonb) as r(id int, room text, at timestamptz), calls c
      where d.call_id = r.id and c.id = r.id and c.call_room = r.room and d.sent_at is null and d.revoked_at is null`,
    [JSON.stringify(sent)],
  );
}

/**
 * Fails the leads of these events, because this database does not know that they were called. A lead that is younger than
 * its event only reuses the id of a lost one; a lead with answers is settled.
 */
async function failAgain(
  sql: Sql,
  events: SaidEvent[],
  toLeadReason: (event: SaidEvent) => string,
  now: Date,
): Promise<number[]> {
  const newest = new Map<number, SaidEvent>();
  for (const event of events) if (event.about.leadId !== null) newest.set(event.about.leadId, event);
  const failed: number[] = [];
  for (const [leadId, event] of [...newest].toSorted(([a], [b]) => a - b)) {
    const lead = await lockLead(sql, leadId);
    if (lead === undefined || !['new', 'dispatched'].includes(lead.status) || lead.createdAt > event.time) continue;
    if ((await readLeadCalls(sql, leadId)).hasAnswers) continue;
    await failLead(sql, lead, { reason: toLeadReason(event), retryCount: lead.retryCount }, now);
    failed.push(leadId);
  }
  return failed;
}

function toReason({ data }: SaidEvent): string {
  return typeof data['reason'] === 'string' ? data['reason'] : 'failed_before_restore';
}

type Refusal = { leadId: number; at: Date };

/** Puts on the do-not-call list everybody who has asked for it since the backup, in any call. */
async function readDoNotCalls(deps: Deps, since: Date): Promise<Refusal[]> {
  const ended = await readBack(deps.nats, { stream: 'CALLS', subjects: [callEnded.type], since });
  return ended.flatMap((message) => {
    const event = callEnded.schema.safeParse(toJson(message.data));
    const leadId = event.success && event.data.doNotCall ? event.data.leadId : null;
    return leadId === null ? [] : [{ leadId, at: message.time }];
  });
}

function toJson(data: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(data));
  } catch {
    return undefined;
  }
}

async function addHeard(sql: Sql, refusing: Refusal[], who: string): Promise<number> {
  const added = await rows(
    sql,
    z.object({ id: z.number() }),
    `insert into do_not_call (phone, reason, added_at, added_by)
     select distinct on (last_ten(l.phone)) l.phone, 'asked for it in a call before the restore', clock_timestamp(), $2
       from jsonb_to_recordset($1::jsonb) as r("leadId" int, at timestamptz) join leads l on l.id = r."leadId"
      where l.created_at < r.at
        and not exists (select 1 from do_not_call d where last_ten(d.phone) = last_ten(l.phone)
                           and (d.removed_at is null or d.removed_at > r.at))
     returning id`,
    [JSON.stringify(refusing), who],
  );
  return added.length;
}

/**
 * Calls that this database does not know use numbers and slots too. We dial nobody until the last of them must have ended:
 * after the life of its token, the ringing and the longest call.
 */
async function holdDialling(sql: Sql, dialling: SaidEvent[], now: Date, { policy }: Deps): Promise<Date | undefined> {
  const known = await rows(
    sql,
    z.object({ callRoom: z.string().nullable() }),
    `select call_room from calls where call_room = any($1::text[])`,
    [dialling.flatMap(({ about }) => about.room ?? [])],
  );
  const knownRooms = new Set(known.map(({ callRoom }) => callRoom));
  const last = Math.max(
    ...dialling.filter(({ about }) => !knownRooms.has(about.room)).map(({ time }) => time.getTime()),
  );
  const endedAt = new Date(last + policy.latestInviteMs + (2 * policy.ringSeconds + policy.maxCallSeconds) * 1_000);
  if (!(endedAt > now)) return undefined;
  await affected(sql, `update dial_control set next_dial_at = greatest(next_dial_at, $1) where id = 1`, [endedAt]);
  return endedAt;
}
