import { permittedAheadMs } from './decide-permits.ts';

/** The slowest pace. Whatever holds dialling for longer is not the pace. */
const longestPaceMs = 60_000;

/**
 * The time before which nobody is dialled: for the pace, or for calls that a restored database does not know. If the last
 * permit lies further in the future than any is given for, the database's clock was set back: its pace is ignored, or it would
 * hold up every lead.
 */
export function toNextDialAt(control: { nextDialAt: Date | null; lastSentAt: Date | null }, now: Date): Date | null {
  const { nextDialAt: nextAt, lastSentAt: sentAt } = control;
  if (nextAt === null || sentAt === null || sentAt.getTime() <= now.getTime() + permittedAheadMs) return nextAt;
  return nextAt.getTime() <= sentAt.getTime() + longestPaceMs ? null : nextAt;
}
