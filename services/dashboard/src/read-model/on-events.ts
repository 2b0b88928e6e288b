import { anyAgentReport } from '@leadline/contracts/event-facts';
import { allEvents } from '@leadline/contracts/events/all';
import { on, type Handler } from '@leadline/messaging/consume';
import { done } from '@leadline/messaging/outcome';
import type { z } from 'zod';
import type { Deps } from '../deps.ts';
import { eventKeeper } from './keep-events.ts';
import { toLeadEvent } from './to-lead-event.ts';

/** One handler an event, all the same: it is kept. `kept` wakes whoever shows events as they come. */
export function onEvents(deps: Deps, kept: () => void): Handler[] {
  const keep = eventKeeper(deps.postgres);
  return allEvents.map(({ type, schema }) =>
    // An agent's report is kept as far as it can be read, like the call itself.
    on<z.ZodType>({ type, schema: type.startsWith('agent.') ? anyAgentReport : schema }, async (event) => {
      await keep(toLeadEvent(event));
      deps.metrics.eventsKept.inc();
      kept();
      return done;
    }),
  );
}
