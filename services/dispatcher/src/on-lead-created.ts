import { leadCreated } from '@leadline/contracts/events/lead-created';
import { on, type Handler } from '@leadline/messaging/consume';
import { done } from '@leadline/messaging/outcome';

/** Only wakes the dispatcher. The rows decide which leads are due and may be dialled. */
export function onLeadCreated(wake: () => void): Handler {
  return on(leadCreated, async () => {
    wake();
    return done;
  });
}
