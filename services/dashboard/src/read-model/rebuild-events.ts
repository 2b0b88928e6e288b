import { fromHeaders } from '@leadline/contracts/envelope';
import { allEvents } from '@leadline/contracts/events/all';
import { fetchMessage } from '@leadline/messaging/stored-message';
import type { StreamName } from '@leadline/messaging/topology';
import type { Deps } from '../deps.ts';
import { forgetUnmetEvents, keepEvents } from './keep-events.ts';
import { toLeadEvent, type LeadEvent } from './to-lead-event.ts';

type Stored = NonNullable<Awaited<ReturnType<typeof fetchMessage>>>;

/** How many messages we fetch at once; memory never holds more. */
const atOnce = 200;
const subjectsOf = { LEADS: 'lead.>', CALLS: 'call.>', AGENT: 'agent.>' } as const satisfies Partial<
  Record<StreamName, string>
>;
/** The publisher's clock may differ from the stream's, and an outbox may be this late. */
const edgeMs = 3_600_000;

/** Reads the three streams from their beginning into this generation's events. Harmless to repeat or to run twice. */
export async function rebuildEvents(deps: Deps, generation: number, isStopping: () => boolean): Promise<void> {
  for (const stream of ['LEADS', 'CALLS', 'AGENT'] as const) await rebuildStream(deps, stream, generation, isStopping);
}

async function rebuildStream(
  deps: Deps,
  stream: keyof typeof subjectsOf,
  generation: number,
  isStopping: () => boolean,
): Promise<void> {
  const { nats, postgres } = deps;
  const first = await fetchMessage(nats, stream, { seq: 1, next_by_subj: subjectsOf[stream] });
  const last = await fetchMessage(nats, stream, { last_by_subj: subjectsOf[stream] });
  if (first === undefined || last === undefined) return;
  for (let seq = first.seq; seq <= last.seq; seq += atOnce) {
    if (isStopping()) return;
    const length = Math.min(atOnce, last.seq - seq + 1);
    const messages = await Promise.all(
      Array.from({ length }, (_none, step) => fetchMessage(nats, stream, { seq: seq + step })),
    );
    const events = messages.flatMap((message) => (message === undefined ? [] : readEvent(stream, message)));
    await postgres.transaction((sql) => keepEvents(sql, events, generation));
  }
  const from = new Date(first.time.getTime() + edgeMs);
  const to = new Date(last.time.getTime() - edgeMs);
  await postgres.transaction((sql) => forgetUnmetEvents(sql, { generation, stream, from, to }));
}

/** Undefined for a message that no handler could have read: it is a dead letter. */
function readEvent(stream: StreamName, message: Stored): LeadEvent[] {
  const contract = allEvents.find(({ type }) => type === message.subject);
  if (contract === undefined) return [];
  const header = (name: string): string | undefined => message.header.get(name) || assumed(stream, message, name);
  try {
    const { id, type, time } = fromHeaders(header);
    const parsed = contract.schema.safeParse(JSON.parse(new TextDecoder().decode(message.data)));
    return parsed.success && type === message.subject ? [toLeadEvent({ id, type, time, data: parsed.data })] : [];
  } catch {
    return [];
  }
}

/** Other agents may send an incomplete envelope; assume what the durables assume. */
function assumed(stream: StreamName, message: Stored, name: string): string | undefined {
  switch (name) {
    case 'ce-id':
      return message.header.get('Nats-Msg-Id') || `${stream}:${message.seq}`;
    case 'ce-type':
    case 'ce-subject':
      return message.subject;
    case 'ce-source':
      return 'unknown';
    case 'ce-time':
      return message.time.toISOString();
    default:
      return undefined;
  }
}
