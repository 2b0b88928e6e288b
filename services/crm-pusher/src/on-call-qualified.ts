import { callQualified } from '@leadline/contracts/events/call-qualified';
import { on, type Handler } from '@leadline/messaging/consume';
import { done, later, reject } from '@leadline/messaging/outcome';
import type { Deps } from './deps.ts';
import { pushCall } from './push-call.ts';

/** A qualified call becomes one task. What the CRM refuses for good is a dead letter; a redrive tries it again. */
export function onCallQualified(deps: Deps): Handler {
  return on(callQualified, async (event) => {
    const pushed = await pushCall(event.data.callId, () => event.working(), deps);
    switch (pushed.kind) {
      case 'done':
        return done;
      case 'later':
        return later(pushed.because, 'elsewhere', pushed.afterMs);
      case 'refused':
        return reject(`crm_${pushed.errorClass}`);
    }
  });
}
