import { databaseNow } from '@leadline/database/locks';
import { instant, row, rows } from '@leadline/database/sql';
import { z } from 'zod';
import { isOpen } from './call-window.ts';
import { ringWindowMs } from './decide-dial.ts';
import type { Deps } from './deps.ts';
import { keptUntil } from './decide-promise.ts';
import { readControl } from './read-control.ts';
import { countSlotsInUse } from './load-dial-facts.ts';

/** Brings the gauges of dialling up to date, from the rows that all replicas share. */
export async function measure(deps: Deps): Promise<void> {
  const sql = deps.postgres.sql;
  const now = deps.now(await databaseNow(sql));
  const control = await readControl(sql);
  const due = await row(
    sql,
    z.object({ due: z.number(), overdue: z.number() }),
    `select count(*)::int as due,
            coalesce(extract(epoch from $1::timestamptz - min(coalesce(l.retry_after, l.created_at))
              filter (where not exists (select 1 from lead_waits w where w.lead_id = l.id))), 0)::float8 as overdue
       from leads l where l.status = 'new' and (l.retry_after is null or l.retry_after <= $1)`,
    [now],
  );
  await measureCallbacks(now, deps);
  deps.metrics.callsActive.set(await countSlotsInUse(sql, now));
  deps.metrics.callsCap.set(deps.policy.maxConcurrentCalls);
  deps.metrics.windowOpen.set(isOpen(deps.policy.window, now, ringWindowMs(deps.policy)) ? 1 : 0);
  deps.metrics.stopped.set(control.stoppedAt === null ? 0 : 1);
  deps.metrics.breakerOpen.set(control.breakerDelayMs === null ? 0 : 1);
  deps.metrics.leadsDue.set(due?.due ?? 0);
  deps.metrics.leadsOverdue.set(due?.overdue ?? 0);
}

/** Read from rows, so that every replica shows the same, also after a restart. */
async function measureCallbacks(now: Date, deps: Deps): Promise<void> {
  const { sql } = deps.postgres;
  const waiting = await row(
    sql,
    z.object({ waiting: z.number(), due: z.array(instant) }),
    `select count(*)::int as waiting,
            coalesce(json_agg(at) filter (where due_at < $1::timestamptz - $2::float8 * interval '1 ms'), '[]') as due
       from callbacks where state = 'waiting'`,
    [now, deps.policy.promiseToleranceMs],
  );
  const closed = await rows(
    sql,
    z.object({ state: z.string(), count: z.number() }),
    `select s.state, count(b.id)::int as count
       from unnest(array['kept', 'missed', 'cancelled']) s(state)
       left join callbacks b on b.state = s.state and b.closed_at > $1::timestamptz - interval '1 hour'
      group by s.state`,
    [now],
  );
  deps.metrics.callbacksWaiting.set(waiting?.waiting ?? 0);
  deps.metrics.callbacksOverdue.set(waiting?.due.filter((at) => keptUntil(at, deps.policy) < now).length ?? 0);
  for (const { state, count } of closed) deps.metrics.callbacksClosed.set({ state }, count);
}
