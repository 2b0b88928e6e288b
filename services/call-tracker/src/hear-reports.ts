import { databaseNow } from '@leadline/database/locks';
import type { Database } from '@leadline/database/open-database';
import { noteHeard, readHearing } from '@leadline/database/report-hearing';
import { rows } from '@leadline/database/sql';
import type { Nats } from '@leadline/messaging/connect';
import { readBacklogMs } from '@leadline/messaging/read-backlog';
import { readStreamAgeMs } from '@leadline/messaging/read-stream-age';
import { every } from '@leadline/service-kit/every';
import type { Log } from '@leadline/service-kit/logger';
import type { Part } from '@leadline/time/part';
import { z } from 'zod';

/** Less than half of the time that settling allows, because one note may be late or lost. */
const noteEachMs = 2_000;
/** How long we reckon the database's time from our own clock before we read it again, because clocks drift. */
const reckonedForMs = 60_000;
/** Clocks may differ by this much: a stream that looks older than the last note by less may be younger. */
const skewMs = 5_000;

export type Hearing = Part & { state: () => true | string };

/**
 * Keeps a row with the time up to which we have received all agents' reports. The row stops while their durable is missing
 * or paused, while NATS or the stream does not answer, and while nobody handles waiting reports. Any replica may write it.
 */
export function hearReports(around: { postgres: Database; nats: Nats; log: Log }): Hearing {
  const { postgres, nats, log } = around;
  let isHeard = true;
  const note = (heard: boolean): void => {
    if (heard === isHeard) return;
    isHeard = heard;
    if (heard) log.info({}, 'agents’ reports arrive again');
    else log.error({}, 'agents’ reports do not arrive: no call without answers is settled, and no new call is made');
  };
  let read: { now: Date; at: number } | undefined;
  /** The database's time or a little earlier, reckoned from the last note, which saves a query. */
  const databaseTime = async (): Promise<Date> => {
    const passedMs = read === undefined ? Number.POSITIVE_INFINITY : performance.now() - read.at;
    if (read === undefined || passedMs > reckonedForMs) return databaseNow(postgres.sql);
    return new Date(read.now.getTime() + Math.floor(passedMs));
  };
  const repeating = every({
    name: 'hear reports',
    ms: noteEachMs,
    async work() {
      if (!nats.isUp()) return note(false);
      // Read first: a report that is published after this moment may not have arrived.
      const now = await databaseTime();
      const behindMs = await readBacklogMs(nats, 'call-tracker-agent').catch(() => undefined);
      note(behindMs !== undefined);
      if (behindMs === undefined) return;
      const ageMs = await readStreamAgeMs(nats, 'AGENT');
      const sinceNoteMs = read === undefined ? Number.POSITIVE_INFINITY : performance.now() - read.at;
      // Publish this before the note: after the note these calls may be settled as if they had no reports.
      if (ageMs !== undefined && ageMs < sinceNoteMs + skewMs) await tellLost(now, ageMs, around);
      const noted = await noteHeard(postgres.sql, new Date(now.getTime() - behindMs));
      read = noted && { now: noted, at: performance.now() };
    },
    log,
  });
  return { state: () => isHeard || 'agents’ reports do not arrive', stop: () => repeating.stop() };
}

/**
 * A stream that is younger than the last report we received was lost with its disk and created again. Stored reports that
 * we had not handled are gone, and their agents will not send them again, so we log the calls for an operator.
 */
async function tellLost(
  now: Date,
  ageMs: number,
  { postgres, log }: Pick<Parameters<typeof hearReports>[0], 'postgres' | 'log'>,
): Promise<void> {
  const { behindMs } = await readHearing(postgres.sql);
  if (ageMs >= behindMs) return;
  const [heardUntil, madeAt] = [new Date(now.getTime() - behindMs), new Date(now.getTime() - ageMs)];
  const open = await rows(
    postgres.sql,
    z.object({ callRoom: z.string() }),
    `select c.call_room from calls c join dials d on d.call_id = c.id
      where c.status = 'calling' and c.call_room is not null and d.sent_at < $1 order by c.id`,
    [madeAt],
  );
  const rooms = open.map(({ callRoom }) => callRoom);
  log.error(
    { heardUntil, madeAt, rooms },
    'the stream of agents’ reports was lost and made again: what these calls reported meanwhile may be gone',
  );
}
