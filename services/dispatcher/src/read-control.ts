import { generationColumn } from '@leadline/database/generation';
import { instant, row, type Sql } from '@leadline/database/sql';
import { z } from 'zod';

export const controlRow = z.object({
  /** The database's clock, read in the same statement. */
  now: instant,
  stoppedAt: instant.nullable(),
  nextDialAt: instant.nullable(),
  breakerOpenUntil: instant.nullable(),
  breakerDelayMs: z.number().nullable(),
  startupFailures: z.number(),
  probedAt: instant.nullable(),
  /** When the newest permit was given. */
  lastSentAt: instant.nullable(),
  unsentDials: z.number(),
  /** Which database this is: see watch-generation.ts. */
  generation: z.string(),
});
export type ControlRow = z.infer<typeof controlRow>;

/** SQL: what the row c of dial_control and the dials of all replicas say. */
export const controlColumns = `c.stopped_at, c.next_dial_at, c.breaker_open_until, c.breaker_delay_ms, c.startup_failures,
  (select max(coalesce(sent_at, claimed_at)) from dials where probe and decided_at is null) as probed_at,
  (select sent_at from dials where sent_at is not null order by call_id desc limit 1) as last_sent_at,
  (select count(*)::int from dials where sent_at is null and revoked_at is null) as unsent_dials,
  ${generationColumn} as generation`;

export async function readControl(sql: Sql): Promise<ControlRow> {
  const text = `select clock_timestamp() as now, ${controlColumns} from dial_control c where c.id = 1`;
  const control = await row(sql, controlRow, text, []);
  if (control === undefined) throw new Error(noControl);
  return control;
}

export const noControl = 'dial_control has lost its row: run npm run migrate';
