import type { ResultOf } from '@leadline/contracts/command';
import { explain, leadStory, type Explanation } from '@leadline/contracts/commands/lead';
import { receipts, type Receipt } from '@leadline/contracts/commands/receipts';
import { ask, CommandRefused, CommandUnanswered } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { showEvents } from './show-events.ts';
import { openEventReader, type TailEvent } from './tail-event.ts';
import { pickStreams } from './pick-streams.ts';

type Told = NonNullable<ResultOf<typeof leadStory>>;

export type LeadStory = {
  lead: Told['lead'] | null;
  attempts: Told['attempts'];
  events: TailEvent[];
  /** The dispatcher's decision about it now. */
  explanation: Explanation | null;
  receipts: Receipt[];
  /** Services that did not answer, so their part is missing here. */
  silent: string[];
};

/**
 * One lead as dashboard, dispatcher and ingest know it. If the dashboard does not answer, reads its events from the
 * streams, which keep a month. Undefined when nobody knows the lead.
 */
export async function readLeadStory(nats: Nats, leadId: number): Promise<LeadStory | undefined> {
  const silent: string[] = [];
  const orSilent = async <T>(service: string, asking: Promise<T>): Promise<T | undefined> => {
    try {
      return await asking;
    } catch (error) {
      if (error instanceof CommandUnanswered) silent.push(service);
      else if (!(error instanceof CommandRefused)) throw error;
      return undefined;
    }
  };
  const [told, explained, delivered] = await Promise.all([
    orSilent('dashboard', ask(nats, leadStory, { leadId })),
    orSilent('dispatcher', ask(nats, explain, { leadId }, 3_000)),
    orSilent('ingest', ask(nats, receipts, { leadId }, 3_000)),
  ]);
  const events = told == null ? await readFromStreams(nats, leadId) : told.events.map(toTailEvent);
  if (told == null && explained === undefined && events.length === 0) return undefined;
  return {
    lead: told?.lead ?? null,
    attempts: told?.attempts ?? [],
    events,
    explanation: explained ?? null,
    receipts: delivered ?? [],
    silent,
  };
}

async function readFromStreams(nats: Nats, leadId: number): Promise<TailEvent[]> {
  const events: TailEvent[] = [];
  const asked = {
    streams: pickStreams(['lead', 'call', 'agent']),
    from: { seq: 1 },
    filter: { leadId },
    follow: false,
  };
  await showEvents(nats, asked, ({ event }) => events.push(event));
  return events.toSorted((a, b) => a.time.getTime() - b.time.getTime());
}

const read = openEventReader();

function toTailEvent({ id, type, at, callId, source, data }: Told['events'][number]): TailEvent {
  const headers: Record<string, string> = { 'ce-id': id };
  const payload = { ...data, source };
  const event = read({
    stream: type.startsWith('call.') ? 'CALLS' : type.startsWith('lead.') ? 'LEADS' : 'AGENT',
    seq: 0,
    subject: type,
    at: new Date(at),
    payload,
    header: (name) => headers[name],
  });
  return { ...event, callId: event.callId ?? callId };
}
