import type { Deps } from './deps.ts';
import { pauseAfterTalks } from './pause-after-talk.ts';
import { revokeUnsentDials } from './revoke-dial.ts';
import { noteRungLegs, settleEndedCalls } from './settle-lead.ts';

/**
 * Settles the leads of ended calls, also where no event was received, and puts back unsent dials of dead dispatchers.
 * @returns whether there are undecided attempts
 */
export async function settleAndRecover(deps: Deps, stopping: AbortSignal): Promise<boolean> {
  const open = `select where exists (select from dials where decided_at is null)`;
  const isAnyOpen = (await deps.postgres.sql.query(open, [])).rows.length > 0;
  await settleEndedCalls(deps, stopping);
  if (isAnyOpen) {
    await noteRungLegs(deps, stopping);
    // After a restore the streams may show such a dial as sent: it waits until reconcile has said so.
    if (await deps.generation.holds(deps.postgres.sql)) await revokeUnsentDials(deps, stopping);
  }
  await pauseAfterTalks(deps, stopping);
  return isAnyOpen;
}
