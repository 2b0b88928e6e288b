import { callFailed } from '@leadline/contracts/events/call-failed';
import { callQualified } from '@leadline/contracts/events/call-qualified';
import { callRinging } from '@leadline/contracts/events/call-ringing';
import { on, type Handler } from '@leadline/messaging/consume';
import { done } from '@leadline/messaging/outcome';
import type { Deps } from './deps.ts';
import { setLeadDispatched, settleCall } from './settle-lead.ts';

/** Acts at once on the tracker's events. Without them the sweep would find the same a few seconds later. */
export function onCallEvents(deps: Deps, wake: () => void): Handler[] {
  return [
    on(callRinging, async ({ data }) => {
      await setLeadDispatched(data.callId, deps);
      return done;
    }),
    on(callFailed, async ({ data }) => {
      await settleCall(data.callId, deps);
      wake();
      return done;
    }),
    on(callQualified, async ({ data }) => {
      await settleCall(data.callId, deps);
      wake();
      return done;
    }),
  ];
}
