import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Each is given once: whom it was given to may not listen yet. */
const given = new Set<number>();

/** Somebody else listens where a process of ours was to listen. */
export class PortTaken extends Error {}

/**
 * The wanted port where it is free, else any free one, on 127.0.0.1. Not one that the system itself might give: an
 * outgoing connection could hold it by the time somebody listens there (Linux gives 32768 and up, others 49152 and up).
 */
export async function freePort(wanted?: number): Promise<number> {
  if (wanted !== undefined && (await isFree(wanted))) return wanted;
  for (let tries = 0; tries < 100; tries++) {
    const port = randomInt(20_000, 30_000);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
  throw new Error('none of 100 ports between 20000 and 30000 is free on 127.0.0.1');
}

/**
 * Starts something on a free port. A port that somebody takes between the look and the use is another port, up to five
 * times.
 * @throws what `start` throws; a PortTaken only from the fifth try
 */
export async function onFreePort<T>(start: (port: number) => Promise<T>, choose = freePort): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await start(await choose());
    } catch (error) {
      if (!(error instanceof PortTaken) || tries === 5) throw error;
    }
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
