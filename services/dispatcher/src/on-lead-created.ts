import { leadCreated } from '@leadline/contracts/events/lead-created';
import { on, type Handler } from '@leadline/messaging/consume';
import { done } from '@leadline/messaging/outcome';

/** Only a wake-up: which leads are due, and which may be dialled, the rows say. */
export function onLeadCreated(wake: () => void): Handler {
  return on(leadCreated, async () => {
    wake();
    return done;
  });
}
