import { callQualified } from '@leadline/contracts/events/call-qualified';
import { on, type Handler } from '@leadline/messaging/consume';
import { done, reject } from '@leadline/messaging/outcome';
import type { Deps } from './deps.ts';
import { leaveToSweep } from './keep-push.ts';
import { pushCall } from './push-call.ts';

/**
 * Makes one task of a qualified call. If that is not possible yet, it leaves the push to the sweep, however long the
 * CRM is away, and the message is done. If the CRM refuses for good, the message becomes a dead letter; a redrive tries
 * again.
 */
export function onCallQualified(deps: Deps): Handler {
  return on(callQualified, async (event) => {
    const pushed = await pushCall(event.data.callId, () => event.working(), deps);
    switch (pushed.kind) {
      case 'done':
        return done;
      case 'later':
        await leaveToSweep(event.data.callId, { ...pushed, anew: event.redriven }, deps);
        return done;
      case 'refused':
        return reject(`crm_${pushed.errorClass}`);
    }
  });
}
