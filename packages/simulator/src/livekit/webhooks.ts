import { SignJWT } from 'jose';
import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { chance, type HeldFaults } from '../faults.ts';
import { sid } from './sid.ts';

export type Webhooks = {
  /** Queues an event. Events of one room are sent in order; rooms do not wait for each other. */
  send(room: string, event: Record<string, unknown>): void;
  /** The server died: forgets all events that it has not sent. */
  forget(): void;
  /** Sends nothing more, and waits for requests in progress. */
  stop(): Promise<void>;
};

/** The first try and four more. A 4xx or 501 ends the tries. */
const retryAfterMs = [1_000, 2_000, 4_000, 8_000];

/** An event that has waited longer behind others of its room is thrown away, and nothing counts it. */
const longestWaitMs = 30_000;

/**
 * Simulates LiveKit's webhooks: signed over the bytes, ordered by room, retried, and lost if the receiver stays away.
 */
export function openWebhooks(options: {
  url: string | undefined;
  apiKey: string;
  apiSecret: string;
  timeFactor: number;
  faults: () => HeldFaults;
}): Webhooks {
  const queues = new Map<string, Promise<void>>();
  const sending = new Set<Promise<void>>();
  let serving = new AbortController();

  const deliver = async (what: string, body: string, signal: AbortSignal): Promise<void> => {
    const { seed, webhooks: faults } = options.faults();
    signal.throwIfAborted();
    if (options.url === undefined || chance(seed, 'drop', what) < faults.drop) return;
    const lateMs = (faults.delayMs ?? 0) + (faults.shuffleMs ?? 0) * chance(seed, 'shuffle', what);
    if (lateMs > 0) await wait(lateMs / options.timeFactor, undefined, { signal });
    // Signed once: retries carry the same token.
    const token = await new SignJWT({ sha256: createHash('sha256').update(body).digest('base64') })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer(options.apiKey)
      .setNotBefore('0s')
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(new TextEncoder().encode(options.apiSecret));
    const url = options.url;
    for (let attempt = 0; ; attempt++) {
      const status = await post(url, body, token, signal);
      if (status !== undefined && status !== 429 && (status < 500 || status === 501)) break;
      const pauseMs = retryAfterMs[attempt];
      if (pauseMs === undefined) return;
      await wait(pauseMs / options.timeFactor, undefined, { signal });
    }
    if (chance(seed, 'double', what) < faults.double) await post(url, body, token, signal);
  };

  return {
    send(room, event) {
      const body = JSON.stringify({ ...event, id: sid('EV'), createdAt: String(Math.floor(Date.now() / 1_000)) });
      const { signal } = serving;
      const queuedAt = performance.now();
      const ownOrder = options.faults().webhooks.shuffleMs !== undefined;
      const before = ownOrder ? Promise.resolve() : (queues.get(room) ?? Promise.resolve());
      // Draw by the event's content, because ids are new in every run.
      const after: Promise<void> = before
        .then(() => {
          if (performance.now() - queuedAt > longestWaitMs / options.timeFactor) return undefined;
          return deliver(`${room} ${String(event['event'])}`, body, signal);
        })
        .catch(() => undefined)
        .finally(() => {
          sending.delete(after);
          if (queues.get(room) === after) queues.delete(room);
        });
      sending.add(after);
      queues.set(room, after);
    },
    forget() {
      serving.abort();
      serving = new AbortController();
    },
    async stop() {
      serving.abort();
      await Promise.all(sending);
    },
  };
}

async function post(url: string, body: string, token: string, signal: AbortSignal): Promise<number | undefined> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/webhook+json',
        'user-agent': 'Go-http-client/1.1',
        authorization: token,
      },
      signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
    });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return undefined;
  }
}
