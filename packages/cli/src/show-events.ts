import type { Nats } from '@leadline/messaging/connect';
import { tail, type Tailed } from '@leadline/messaging/tail';
import type { StreamName } from '@leadline/messaging/topology';
import { readEvents, readLastEvents, readStreamEnds, type StreamEnds } from './stored-events.ts';
import { isFailure, openEventReader, type TailEvent } from './tail-event.ts';

type EventFilter = { leadId?: number | undefined; source?: string | undefined; isFailed?: boolean | undefined };

export type EventsAsked = {
  streams: Map<StreamName, string[]>;
  from: { since: Date } | { seq: number } | { last: number };
  filter: EventFilter;
  /** Whether new events follow, until this says that it is enough. */
  follow: boolean | AbortSignal;
};

export type Shown = { event: TailEvent; text: string };

/** An agent's report may come before the event that names its call. */
const maxWaiting = 500;

/**
 * Shows stored events, oldest first, then new ones. Resolves when all stored ones are shown, or with `follow` when that says
 * that it is enough or the connection is closed for good.
 */
export async function showEvents(nats: Nats, asked: EventsAsked, show: (shown: Shown) => void): Promise<void> {
  const { filter, from } = asked;
  const ends = await readStreamEnds(nats, asked.streams);
  const isWanted = (event: TailEvent): boolean => passes(event, filter);
  const readEvent = openEventReader(({ leadId, source }) => isAbout({ leadId, source }, filter));
  const callsNeeded = needsCalls(filter, asked.streams);
  const calls = callsNeeded ? await learnCalls(nats, from, readEvent) : undefined;
  const pick = (message: Tailed): Shown | undefined => {
    const event = readEvent(message);
    return isWanted(event) ? { event, text: message.text } : undefined;
  };

  if ('last' in from) {
    for (const shown of from.last === 0 ? [] : await readLastEvents(nats, ends, from.last, pick)) show(shown);
  } else {
    for await (const message of readEvents(nats, ends, from)) {
      const shown = pick(message);
      if (shown !== undefined) show(shown);
    }
  }
  const { follow } = asked;
  if (follow === false) return;

  let waiting: Tailed[] = [];
  const onMessage = (message: Tailed): void => {
    const shown = pick(message);
    if (shown !== undefined) show(shown);
    else if (calls !== undefined && message.stream === 'AGENT') waiting = [...waiting, message].slice(-maxWaiting);
    if (calls !== undefined && message.stream === 'CALLS') lookAgain();
  };
  const lookAgain = (): void => {
    waiting = waiting.filter((message) => {
      const shown = pick(message);
      if (shown !== undefined) show(shown);
      return shown === undefined;
    });
  };
  const tails = ends.map(({ stream, subjects, last }) => tail(nats, stream, { after: last, subjects }, onMessage));
  if (calls !== undefined) {
    const learning = tail(nats, 'CALLS', { after: calls.last, subjects: calls.subjects }, (message) => {
      readEvent(message);
      lookAgain();
    });
    tails.push(learning);
  }
  const enough = Promise.withResolvers<undefined>();
  if (follow !== true) {
    if (follow.aborted) enough.resolve(undefined);
    follow.addEventListener('abort', () => enough.resolve(undefined));
  }
  const fault = await Promise.race([nats.closed, enough.promise]);
  if (fault !== undefined) throw fault;
  await Promise.all(tails.map((one) => one.stop()));
}

function passes(event: TailEvent, filter: EventFilter): boolean {
  return isAbout(event, filter) && (filter.isFailed !== true || isFailure(event));
}

function isAbout(about: { leadId: number | null; source: string | null }, { leadId, source }: EventFilter): boolean {
  return (leadId === undefined || about.leadId === leadId) && (source === undefined || about.source === source);
}

/** Agents' reports name neither lead nor source. */
function needsCalls({ leadId, source }: EventFilter, streams: Map<StreamName, string[]>): boolean {
  return (leadId !== undefined || source !== undefined) && streams.has('AGENT');
}

/** Learns which call each room of the requested time belongs to. */
async function learnCalls(
  nats: Nats,
  from: EventsAsked['from'],
  readEvent: (message: Tailed) => TailEvent,
): Promise<StreamEnds> {
  const [calls] = await readStreamEnds(nats, new Map([['CALLS', ['call.dialing']]]));
  if (calls === undefined) throw new Error('the stream CALLS is missing: run npm run setup');
  const longestCallMs = 3_600_000;
  const since = 'since' in from ? new Date(from.since.getTime() - longestCallMs) : undefined;
  for await (const message of readEvents(nats, [calls], { since })) readEvent(message);
  return calls;
}
