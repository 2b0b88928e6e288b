/** No pace is slower, and what holds dialling for longer is no pace. */
const longestPaceMs = 60_000;

/**
 * Before then nobody is dialled: for the pace, or for calls that a restored database does not know. A pace that follows a
 * permit of the future says nothing, for the database's clock was set back since, and would hold up everybody for as long.
 */
export function toNextDialAt(control: { nextDialAt: Date | null; lastSentAt: Date | null }, now: Date): Date | null {
  const { nextDialAt: nextAt, lastSentAt: sentAt } = control;
  if (nextAt === null || sentAt === null || sentAt <= now) return nextAt;
  return nextAt.getTime() <= sentAt.getTime() + longestPaceMs ? null : nextAt;
}
