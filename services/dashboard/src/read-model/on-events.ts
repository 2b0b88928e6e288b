import { anyAgentReport } from '@leadline/contracts/event-facts';
import { allEvents } from '@leadline/contracts/events/all';
import { on, type Handler } from '@leadline/messaging/consume';
import { done } from '@leadline/messaging/outcome';
import type { z } from 'zod';
import type { Deps } from '../deps.ts';
import { eventKeeper } from './keep-events.ts';
import { toLeadEvent } from './to-lead-event.ts';

/** The same handler for every event: it stores the event. `kept` wakes pages that show events live. */
export function onEvents(deps: Deps, kept: () => void): Handler[] {
  const keep = eventKeeper(deps.postgres);
  return allEvents.map(({ type, schema }) =>
    // Stores the readable part of an agent's report, as the call-tracker does.
    on<z.ZodType>({ type, schema: type.startsWith('agent.') ? anyAgentReport : schema }, async (event) => {
      await keep(toLeadEvent(event));
      deps.metrics.eventsKept.inc();
      kept();
      return done;
    }),
  );
}
