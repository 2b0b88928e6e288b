import type { Deps } from './deps.ts';
import { pauseAfterTalks } from './pause-after-talk.ts';
import { revokeUnsentDials } from './revoke-dial.ts';
import { settleEndedCalls } from './settle-lead.ts';

/**
 * Brings leads on whose calls have ended, whoever heard of it, and puts back what a dead dispatcher left unsent.
 * @returns whether there are attempts that nobody has decided yet
 */
export async function settleAndRecover(deps: Deps, stopping: AbortSignal): Promise<boolean> {
  const open = `select where exists (select from dials where decided_at is null)`;
  const isAnyOpen = (await deps.postgres.sql.query(open, [])).rows.length > 0;
  await settleEndedCalls(deps, stopping);
  // One that the streams show as sent is no dead dispatcher's: the reconciling says so first.
  if (await deps.generation.holds(deps.postgres.sql)) await revokeUnsentDials(deps, stopping);
  await pauseAfterTalks(deps, stopping);
  return isAnyOpen;
}
