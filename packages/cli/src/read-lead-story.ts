import { ask, CommandRefused, CommandUnanswered } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { z } from 'zod';
import { showEvents } from './show-events.ts';
import { openEventReader, type TailEvent } from './tail-event.ts';
import { pickStreams } from './pick-streams.ts';

const instant = z.string().nullable();
const lead = z.looseObject({
  id: z.number(),
  source: z.string(),
  status: z.string(),
  retryAfter: instant,
  retryCount: z.number(),
  failureReason: z.string().nullable(),
  createdAt: z.string(),
  wait: z.object({ reason: z.string(), until: instant }).nullable(),
});
const attempt = z.looseObject({
  callId: z.number(),
  attempt: z.number().nullable(),
  status: z.string(),
  failureReason: z.string().nullable(),
  sipStatus: z.number().nullable(),
  startedAt: z.string(),
  answeredAt: instant,
  durationSeconds: z.number().nullable(),
  doNotCall: z.boolean(),
  taskId: z.string().nullable(),
  pushError: z.string().optional(),
  answered: z.array(z.string()),
  unreadFields: z.array(z.object({ field: z.string(), times: z.number() })).optional(),
  isReportUnheard: z.boolean().optional(),
});
const keptEvent = z.looseObject({
  id: z.string(),
  type: z.string(),
  at: z.string(),
  callId: z.number().nullable(),
  source: z.string().nullable(),
  data: z.record(z.string(), z.unknown()),
});
const kept = z.object({ lead, attempts: z.array(attempt), events: z.array(keptEvent) }).nullable();

const explanation = z.object({ kind: z.string(), reason: z.string().optional(), until: z.string().nullish() });
const receipt = z.looseObject({
  receivedAt: z.string(),
  source: z.string(),
  sourceLeadId: z.string().nullable(),
  verdict: z.string(),
});

export type Explanation = z.infer<typeof explanation>;
export type LeadStory = {
  lead: z.infer<typeof lead> | null;
  attempts: z.infer<typeof attempt>[];
  events: TailEvent[];
  /** What the dispatcher would decide of it now. */
  explanation: Explanation | null;
  receipts: z.infer<typeof receipt>[];
  /** Services that did not answer: what they know is missing here. */
  silent: string[];
};

/**
 * One lead as the dashboard, the dispatcher and ingest know it. Where the dashboard does not answer, its events are read
 * from the streams, which remember a month. Undefined when nobody knows the lead.
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
  const [told, explained, receipts] = await Promise.all([
    orSilent('dashboard', ask(nats, 'ops.dashboard.lead', { leadId }, kept)),
    orSilent('dispatcher', ask(nats, 'ops.dispatcher.explain', { leadId }, explanation, 3_000)),
    orSilent('ingest', ask(nats, 'ops.ingest.receipts', { leadId }, z.array(receipt), 3_000)),
  ]);
  const events = told == null ? await readFromStreams(nats, leadId) : told.events.map(toTailEvent);
  if (told == null && explained === undefined && events.length === 0) return undefined;
  return {
    lead: told?.lead ?? null,
    attempts: told?.attempts ?? [],
    events,
    explanation: explained ?? null,
    receipts: receipts ?? [],
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

function toTailEvent({ id, type, at, callId, source, data }: z.infer<typeof keptEvent>): TailEvent {
  const headers: Record<string, string> = { 'ce-id': id };
  // The dashboard keeps which questions were answered, not what was said.
  const answered = z.array(z.string()).safeParse(data['answered']);
  const qualification = Object.fromEntries((answered.data ?? []).map((key) => [key, true]));
  const payload = { ...data, source, ...(answered.success ? { qualification } : {}) };
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
