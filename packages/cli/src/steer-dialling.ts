import { ask, CommandRefused, CommandUnanswered } from '@leadline/messaging/ask';
import { z } from 'zod';
import type { Place } from './find-place.ts';
import { tell } from './terminal.ts';
import type { WhoAndWhy } from './who-and-why.ts';
import { withNats, type ConnectionOptions } from './with-nats.ts';

const state = z.object({
  state: z.enum(['running', 'stopping', 'stopped']),
  onTheirWay: z.number(),
  stoppedAt: z.string().nullable(),
  stoppedBy: z.string().nullable(),
  reason: z.string().nullable(),
});
export type DiallingState = z.infer<typeof state>;

const verbs = {
  stop: { verb: 'stop_dialling', method: 'POST', path: '/v1/dialling/stop' },
  start: { verb: 'start_dialling', method: 'POST', path: '/v1/dialling/start' },
  status: { verb: 'dialling_state', method: 'GET', path: '/v1/dialling' },
} as const;

/** Asks over NATS; where that is not answered and a dispatcher's address and key are known, over HTTP. */
export async function steerDialling(
  given: ConnectionOptions,
  place: Place,
  what: keyof typeof verbs,
  by: WhoAndWhy | undefined,
): Promise<DiallingState> {
  const { verb } = verbs[what];
  try {
    return await withNats(given, (nats) => ask(nats, `ops.dispatcher.${verb}`, by ?? {}, state, 3_000));
  } catch (error) {
    if (!(error instanceof CommandUnanswered) || place.dispatcher === undefined) throw error;
    tell(`leadline: ${error.message}; asking the dispatcher over HTTP`);
    return askOverHttp(place.dispatcher, what, by);
  }
}

async function askOverHttp(
  { url, key }: { url: string; key: string },
  what: keyof typeof verbs,
  by: WhoAndWhy | undefined,
): Promise<DiallingState> {
  const { method, path } = verbs[what];
  const answer = await fetch(new URL(path, url), {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(by === undefined ? {} : { body: JSON.stringify(by) }),
    signal: AbortSignal.timeout(5_000),
  }).catch((error: unknown) => {
    throw new CommandUnanswered(`the dispatcher at ${url} does not answer either`, { cause: error });
  });
  if (answer.status === 401) throw new CommandRefused('the dispatcher refuses the key: check OPS_KEY');
  if (!answer.ok) throw new CommandUnanswered(`the dispatcher answered HTTP ${answer.status}; its log says why`);
  return state.parse(await answer.json());
}
