import { lockReadModel } from '@leadline/database/locks';
import type { Database } from '@leadline/database/open-database';
import { affected, rows, type Sql } from '@leadline/database/sql';
import { streamOf } from '@leadline/messaging/topology';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { readBuilds } from './builds.ts';
import { keepLeads } from './keep-leads.ts';
import type { LeadEvent } from './to-lead-event.ts';

const keptEvent = z.object({ type: z.string(), leadId: z.number().nullable() });

/**
 * Stores each event once by its id, in whatever order and however often events come. If an event lacks its lead (an
 * agent knows only its room), the call's row provides it, whichever came first.
 * @returns each event's type and lead
 */
export async function keepEvents(
  sql: Sql,
  events: readonly LeadEvent[],
  generation: number,
): Promise<z.output<typeof keptEvent>[]> {
  if (events.length === 0) return [];
  // The statement would refuse the same event twice.
  const once = [...new Map(events.map((event) => [event.id, event])).values()];
  return rows(
    sql,
    keptEvent,
    `insert into lead_events as kept (event_id, generation, stream, type, at, lead_id, call_id, source, data)
     select event.event_id, $1, event.stream, event.type, event.at, coalesce(event.lead_id, c.lead_id), event.call_id,
            coalesce(event.source, c.source), event.data
       from jsonb_to_recordset($2::jsonb) as event
         (event_id text, stream text, type text, at timestamptz, lead_id int, call_id int, source text, data jsonb)
       left join calls c on c.id = event.call_id
     on conflict (event_id) do update set generation = greatest(kept.generation, excluded.generation),
       lead_id = coalesce(excluded.lead_id, kept.lead_id), source = coalesce(excluded.source, kept.source),
       data = excluded.data
     returning type, lead_id`,
    [
      generation,
      JSON.stringify(
        once.map((event) => ({
          event_id: event.id,
          stream: streamOf(event.type),
          type: event.type,
          at: event.at.toISOString(),
          lead_id: event.leadId,
          call_id: event.callId,
          source: event.source,
          data: event.data,
        })),
      ),
    ],
  );
}

/** Some steps change no call's row: a new lead, a sent dial. */
const movesLead = new Set(['lead.created', 'call.dialing', 'call.answered']);

/** Stores events as they arrive, and their leads' progress. */
async function keepComing(sql: Sql, events: readonly LeadEvent[]): Promise<void> {
  const moves = events.some(({ type }) => movesLead.has(type));
  if (moves) await lockReadModel(sql);
  const builds = await readBuilds(sql);
  const kept = await keepEvents(sql, events, builds.at(-1)?.generation ?? 0);
  if (!moves) return;
  const moved = kept.flatMap(({ type, leadId }) => (movesLead.has(type) && leadId !== null ? [leadId] : []));
  await keepLeads(sql, [...new Set(moved)], builds);
}

/** How much a live page may lag: after a rest, and while many events come. */
const gatherMs = { rested: 100, busy: 500 };
const restedAfterMs = 1_000;

/**
 * Stores each event; resolves once it is committed. Events within 100 ms of the first share a transaction, and within half a
 * second while many come. An event that can't be stored fails alone.
 */
export function eventKeeper(postgres: Database): (event: LeadEvent) => Promise<void> {
  let waiting: { event: LeadEvent; kept: () => void; failed: (error: unknown) => void }[] = [];
  let isRunning = false;
  let keptAt = Number.NEGATIVE_INFINITY;
  const keepAll = (events: readonly LeadEvent[]): Promise<void> =>
    postgres.transaction((sql) => keepComing(sql, events));
  const run = async (): Promise<void> => {
    isRunning = true;
    while (waiting.length > 0) {
      await wait(performance.now() - keptAt > restedAfterMs ? gatherMs.rested : gatherMs.busy);
      const batch = waiting;
      waiting = [];
      try {
        await keepAll(batch.map(({ event }) => event));
        for (const { kept } of batch) kept();
      } catch {
        for (const { event, kept, failed } of batch) await keepAll([event]).then(kept, failed);
      }
      keptAt = performance.now();
    }
    isRunning = false;
  };
  return (event) =>
    new Promise((kept, failed) => {
      waiting.push({ event, kept, failed });
      if (!isRunning) void run();
    });
}

/**
 * Removes events that a rebuild did not find in a stream again. Events older than the stream stay, because nothing else
 * has them.
 */
export async function forgetUnmetEvents(
  sql: Sql,
  pass: { generation: number; stream: string; from: Date; to: Date },
): Promise<number> {
  return affected(sql, `delete from lead_events where stream = $1 and generation < $2 and at between $3 and $4`, [
    pass.stream,
    pass.generation,
    pass.from,
    pass.to,
  ]);
}
