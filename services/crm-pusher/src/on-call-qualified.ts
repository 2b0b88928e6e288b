import { callQualified } from '@leadline/contracts/events/call-qualified';
import { on, type Handler } from '@leadline/messaging/consume';
import { done, reject } from '@leadline/messaging/outcome';
import type { Deps } from './deps.ts';
import { leaveToSweep } from './keep-push.ts';
import { pushCall } from './push-call.ts';

/**
 * A qualified call becomes one task. What can't be done yet is written down for the sweep, however long the CRM is away:
 * the message has done its part. What the CRM refuses for good is a dead letter; a redrive tries it again.
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
