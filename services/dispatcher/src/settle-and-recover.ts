import type { Deps } from './deps.ts';
import { heedEnquiries } from './heed-enquiries.ts';
import { keepPromises } from './keep-promises.ts';
import { pauseAfterTalks } from './pause-after-talk.ts';
import { revokeUnsentDials } from './revoke-dial.ts';
import { settleEndedCalls } from './settle-lead.ts';

/** Brings leads on whose calls have ended, whoever heard of it, and puts back what a dead dispatcher left unsent. */
export async function settleAndRecover(deps: Deps, stopping: AbortSignal): Promise<void> {
  await settleEndedCalls(deps, stopping);
  // One that the streams show as sent is no dead dispatcher's: the reconciling says so first.
  if (await deps.generation.holds(deps.postgres.sql)) await revokeUnsentDials(deps, stopping);
  await keepPromises(deps, stopping);
  await heedEnquiries(deps, stopping);
  await pauseAfterTalks(deps, stopping);
}
