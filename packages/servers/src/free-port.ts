import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** We give each port only once, because its owner may not listen yet. */
const given = new Set<number>();

/** Another process listens where ours was to listen. */
export class PortTaken extends Error {}

/**
 * Returns the wanted port if it is free, else any free one, on 127.0.0.1. It avoids ports that the system itself gives
 * to outgoing connections (32768 and up on Linux, 49152 and up elsewhere), which could take the port before its owner
 * listens.
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
 * Starts something on a free port. If another process takes the port between the check and the start, tries another
 * one, up to five times.
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
