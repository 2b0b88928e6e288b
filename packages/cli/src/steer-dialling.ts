import { diallingState, startDialling, stopDialling, type DiallingState } from '@leadline/contracts/commands/dialling';
import type { WhoAndWhy } from '@leadline/contracts/commands/by';
import { ask, CommandRefused, CommandUnanswered } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import type { Place } from './find-place.ts';
import { tell } from './terminal.ts';
import { withNats, type ConnectionOptions } from './with-nats.ts';

const withinMs = 3_000;

export type Steering = { what: 'stop' | 'start'; by: WhoAndWhy } | { what: 'status' };

/** Asks over NATS; if nobody answers and we know a dispatcher's address and key, over HTTP. */
export async function steerDialling(
  given: ConnectionOptions,
  place: Place,
  steering: Steering,
): Promise<DiallingState> {
  try {
    return await withNats(given, (nats) => askOverNats(nats, steering));
  } catch (error) {
    if (!(error instanceof CommandUnanswered) || place.dispatcher === undefined) throw error;
    tell(`leadline: ${error.message}; asking the dispatcher over HTTP`);
    return askOverHttp(place.dispatcher, steering);
  }
}

function askOverNats(nats: Nats, steering: Steering): Promise<DiallingState> {
  if (steering.what === 'status') return ask(nats, diallingState, {}, withinMs);
  return ask(nats, steering.what === 'stop' ? stopDialling : startDialling, steering.by, withinMs);
}

async function askOverHttp({ url, key }: { url: string; key: string }, steering: Steering): Promise<DiallingState> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const { path, ...init } =
    steering.what === 'status'
      ? { path: '/v1/dialling', method: 'GET' }
      : { path: `/v1/dialling/${steering.what}`, method: 'POST', body: JSON.stringify(steering.by) };
  const answer = await fetch(new URL(path, url), {
    ...init,
    headers,
    signal: AbortSignal.timeout(5_000),
  }).catch((error: unknown) => {
    throw new CommandUnanswered(`the dispatcher at ${url} does not answer either`, { cause: error });
  });
  if (answer.status === 401) throw new CommandRefused('the dispatcher refuses the key: check OPS_KEY');
  if (!answer.ok) throw new CommandUnanswered(`the dispatcher answered HTTP ${answer.status}; its log says why`);
  return diallingState.result.parse(await answer.json());
}
