import type { Part } from '@leadline/time/part';
import { within } from '@leadline/time/within';
import { claimDueLeads, isAnyClaimable, lookForDue, type Claim } from './claim-due-leads.ts';
import type { Deps } from './deps.ts';
import { permitTogether } from './permit-together.ts';
import { placeCall, type Waits } from './place-call.ts';

/** `stop` claims no more, puts unsent dials back, and waits at most 10 s for dials to hear their result. */
export type Dispatching = Part & {
  /** Claims due leads and calls them; returns when no more may be claimed now. `rest`: no lead was due. */
  run(): Promise<'rest' | undefined>;
  /** A lead has come, so the next claim is made without a look whether one is due. */
  expectLead(): void;
};

const stopWithinMs = 10_000;
/** A claim takes two round trips, but reads each lead's facts under the dialling lock while permits wait. */
export const claimedAtOnce = 16;

/** Claims due leads and runs their attempts side by side; the caps live in the database, not here. */
export function dispatchDueLeads(waits: Pick<Waits, 'readiness' | 'guard'>, deps: Deps): Dispatching {
  const permits = permitTogether(deps);
  const stopping = new AbortController();
  const placing = new Set<Promise<void>>();
  let claiming: Promise<'rest' | undefined> = Promise.resolve(undefined);
  let isHeldBack = false;
  let isExpected = false;
  const claimAll = async (): Promise<'rest' | undefined> => {
    for (let claimed = 0; !stopping.signal.aborted && deps.nats.isUp();) {
      const seen = isExpected ? 'due' : await lookForDue(deps);
      isExpected = false;
      if (seen === 'none' && claimed === 0 && placing.size === 0) return 'rest';
      if (seen !== 'due') return undefined;
      // At night, or with all channels in use, leads are due but none may be called: we open no transaction.
      if (isHeldBack && !(await isAnyClaimable(deps))) return undefined;
      const claims = await claimDueLeads(deps, claimedAtOnce);
      isHeldBack = claims.length === 0;
      if (isHeldBack) return undefined;
      claimed += claims.length;
      for (const claim of claims) place(claim);
    }
    return undefined;
  };
  const place = (claim: Claim): void => {
    const attempt = claim.span
      .run(() => placeCall(claim, { ...waits, permits, stopping: stopping.signal }, deps))
      .catch((error: unknown) => {
        // The rows say how far it got: an unsent dial is put back by any replica, a sent one settled by the tracker.
        deps.log.error({ err: error, leadId: claim.leadId, callId: claim.callId }, 'an attempt failed with an error');
      })
      .finally(() => placing.delete(attempt));
    placing.add(attempt);
  };
  return {
    run() {
      claiming = claimAll();
      return claiming;
    },
    expectLead: () => (isExpected = true),
    async stop() {
      stopping.abort();
      const placed = claiming.catch(() => undefined).then(() => Promise.all(placing));
      await within(stopWithinMs, placed);
    },
  };
}
