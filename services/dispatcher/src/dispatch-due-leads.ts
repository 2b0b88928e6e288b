import type { Part } from '@leadline/time/part';
import { within } from '@leadline/time/within';
import type { AgentReadiness } from './await-agent.ts';
import { claimDueLeads, isAnyDue, type Claim } from './claim-due-leads.ts';
import type { Deps } from './deps.ts';
import type { PermitGuard } from './permit-guard.ts';
import { placeCall } from './place-call.ts';

/** `stop` claims no more, puts unsent dials back, and waits at most 10 s for dials to hear their result. */
export type Dispatching = Part & {
  /** Claims what is due and places it; returns when nothing more may be claimed now. */
  run(): Promise<void>;
};

const stopWithinMs = 10_000;
/** They hold the dialling's lock together, and permits wait for it meanwhile: as many round trips as one claim took once. */
export const claimedAtOnce = 4;

/** Claims due leads and runs their attempts side by side; the caps live in the database, not here. */
export function dispatchDueLeads(waits: { readiness: AgentReadiness; guard: PermitGuard }, deps: Deps): Dispatching {
  const stopping = new AbortController();
  const placing = new Set<Promise<void>>();
  let claiming: Promise<void> = Promise.resolve();
  const claimAll = async (): Promise<void> => {
    while (!stopping.signal.aborted && deps.nats.isUp() && (await isAnyDue(deps))) {
      const claims = await claimDueLeads(deps, claimedAtOnce);
      if (claims.length === 0) return;
      for (const claim of claims) place(claim);
    }
  };
  const place = (claim: Claim): void => {
    const attempt = claim.span
      .run(() => placeCall(claim, { ...waits, stopping: stopping.signal }, deps))
      .catch((error: unknown) => {
        // The rows say how far it got: an unsent dial is put back by any replica, a sent one settled by the tracker.
        deps.log.error({ err: error, leadId: claim.leadId, callId: claim.callId }, 'an attempt broke off');
      })
      .finally(() => placing.delete(attempt));
    placing.add(attempt);
  };
  return {
    run() {
      claiming = claimAll();
      return claiming;
    },
    async stop() {
      stopping.abort();
      const placed = claiming.catch(() => undefined).then(() => Promise.all(placing));
      await within(stopWithinMs, placed);
    },
  };
}
