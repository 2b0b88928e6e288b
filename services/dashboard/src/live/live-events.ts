import { instant, rows } from '@leadline/database/sql';
import { every } from '@leadline/service-kit/every';
import type { Part } from '@leadline/time/part';
import { z } from 'zod';
import type { Deps } from '../deps.ts';

const lineOf = z.object({
  id: z.string(),
  no: z.coerce.number(),
  type: z.string(),
  at: instant,
  leadId: z.number().nullable(),
  callId: z.number().nullable(),
  source: z.string().nullable(),
  data: z.record(z.string(), z.unknown()),
});

/** A stored event, as the live page and the timeline show it. */
export type EventLine = z.output<typeof lineOf>;

const columns = 'event_id as id, no, type, at, lead_id, call_id, source, data';

/** Numbers are assigned before the commit, so look again at this many below the highest. */
const lookBack = 200;
const maxAtOnce = 1_000;

export type EventFilter = {
  /** A subject, or a prefix of some: `call.` or `lead.failed`. */
  subject?: string | undefined;
  leadId?: number | undefined;
  source?: string | undefined;
  failedOnly?: boolean | undefined;
};

const failures = new Set(['call.failed', 'call.dial_failed', 'call.push_failed', 'lead.failed']);

export function passes(event: EventLine, filter: EventFilter): boolean {
  return (
    (filter.subject === undefined || event.type === filter.subject || event.type.startsWith(filter.subject)) &&
    (filter.leadId === undefined || event.leadId === filter.leadId) &&
    (filter.source === undefined || event.source === filter.source) &&
    (filter.failedOnly !== true || failures.has(event.type))
  );
}

/**
 * The newest events that pass, oldest first: all of one lead, else of the last seven days, so that a filter without
 * matches does not read the whole table.
 */
export async function readNewest(deps: Deps, filter: EventFilter, limit: number): Promise<EventLine[]> {
  const lines = await rows(
    deps.postgres.sql,
    lineOf,
    `select ${columns} from lead_events
      where ($1::text is null or type = $1 or starts_with(type, $1)) and ($2::int is null or lead_id = $2)
        and ($2::int is not null or at > clock_timestamp() - interval '7 days')
        and ($3::text is null or source = $3) and (not $4::boolean or type = any($5::text[]))
      order by at desc, no desc limit $6`,
    [
      filter.subject ?? null,
      filter.leadId ?? null,
      filter.source ?? null,
      filter.failedOnly ?? false,
      [...failures],
      limit,
    ],
  );
  return lines.toReversed();
}

/** Events after this number that pass, oldest first: what a browser missed while it was away. */
export async function readMissed(deps: Deps, filter: EventFilter, after: number): Promise<EventLine[]> {
  const lines = await rows(
    deps.postgres.sql,
    lineOf,
    `select ${columns} from lead_events where no > $1 order by no desc limit $2`,
    [after - lookBack, maxAtOnce],
  );
  return lines.filter((event) => passes(event, filter)).toReversed();
}

/** `stop` ends all listeners, so that their connections can close. */
export type LiveEvents = Part & {
  /**
   * Calls `heard` for each event that any replica stores from now on, until the returned function is called. Some of
   * the newest may come twice. Calls `ended` when the service stops.
   */
  listen(heard: (event: EventLine) => void, ended: () => void): () => void;
  wake(): void;
};

/** Looks for stored events only while somebody listens. */
export function liveEvents(deps: Deps): LiveEvents {
  const listeners = new Map<(event: EventLine) => void, () => void>();
  const shownAt = new Map<string, number>();
  let highest: number | undefined;

  const look = async (): Promise<void> => {
    if (listeners.size === 0) {
      highest = undefined;
      shownAt.clear();
      return;
    }
    // The first look finds events that a listener may have read already; listeners know events by their ids.
    const lines =
      highest === undefined
        ? await readNewest(deps, {}, lookBack)
        : await rows(
            deps.postgres.sql,
            lineOf,
            `select ${columns} from lead_events where no > $1 order by no limit $2`,
            [highest - lookBack, maxAtOnce],
          );
    highest = Math.max(highest ?? 0, ...lines.map(({ no }) => no));
    for (const event of lines) {
      if (shownAt.has(event.id)) continue;
      shownAt.set(event.id, event.no);
      for (const heard of listeners.keys()) heard(event);
    }
    for (const [id, no] of shownAt) if (no < highest - 2 * maxAtOnce) shownAt.delete(id);
  };
  const timer = every({ name: 'look for live events', ms: 1_000, work: look, log: deps.log });
  return {
    listen(heard, ended) {
      listeners.set(heard, ended);
      timer.wake();
      return () => listeners.delete(heard);
    },
    wake: () => timer.wake(),
    async stop() {
      for (const ended of listeners.values()) ended();
      listeners.clear();
      await timer.stop();
    },
  };
}
