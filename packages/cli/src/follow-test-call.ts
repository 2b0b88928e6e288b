import { CommandUnanswered } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { setTimeout as wait } from 'node:timers/promises';
import { pickStreams } from './pick-streams.ts';
import { showEvents } from './show-events.ts';
import type { TailEvent } from './tail-event.ts';
import { toTestTrace, type TestTrace } from './to-test-trace.ts';

/** After so long the dispatcher makes no call of it. */
const takenWithinMs = 150_000;
/** Its last events come in several streams. */
const restMs = 500;
/** Clocks differ, and a lead's id is new. */
const backMs = 300_000;

/**
 * Shows the events of a test call's lead until the call is over.
 * @throws CommandUnanswered when nobody takes the lead, or when the call is not settled in `withinMs`
 */
export async function followTestCall(
  nats: Nats,
  leadId: number,
  withinMs: number,
  show: (event: TailEvent) => void,
): Promise<{ trace: TestTrace; events: TailEvent[] }> {
  const events: TailEvent[] = [];
  const enough = new AbortController();
  const asked = {
    streams: pickStreams(['lead', 'call', 'agent']),
    from: { since: new Date(Date.now() - backMs) },
    filter: { leadId },
    follow: enough.signal,
  };
  const over = Promise.withResolvers<void>();
  const showing = showEvents(nats, asked, ({ event }) => {
    // An agent says every few seconds that it is there.
    if (event.subject === 'agent.alive') return;
    events.push(event);
    show(event);
    if (toTestTrace(events).outcome !== undefined) over.resolve();
  });
  showing.catch(over.reject);
  const end = async (afterMs: number, isStuck: () => boolean, words: string): Promise<void> => {
    await wait(afterMs, undefined, { signal: enough.signal });
    if (isStuck()) throw new CommandUnanswered(words);
    await over.promise;
  };
  const lead = `leadline lead ${leadId}`;
  const isUntaken = (): boolean => events.every(({ subject }) => subject === 'lead.created');
  const limits = [
    end(takenWithinMs, isUntaken, `no dispatcher took lead ${leadId} in time, so it will not ring; ${lead} says more`),
    end(withinMs, () => true, `the call of lead ${leadId} is not settled yet; ${lead} shows what becomes of it`),
  ];
  for (const one of limits) one.catch(() => undefined);
  try {
    await Promise.race([over.promise, ...limits]);
    await wait(restMs);
  } finally {
    enough.abort();
    await showing;
  }
  return { trace: toTestTrace(events), events };
}
