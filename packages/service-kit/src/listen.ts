import { serve } from '@hono/node-server';
import type { Env, Hono } from 'hono';
import type { AddressInfo } from 'node:net';
import type { Part } from '@leadline/time/part';

/** `stop` accepts no new connection, closes idle ones, and waits for requests in progress. */
export type Listening = Part & { port: number; url: string };

/**
 * Serves a Hono app; port 0 takes a free one. Rejects when the port is taken. During a stop, requests have `graceMs` to
 * finish.
 */
export function listen<E extends Env>(
  app: Pick<Hono<E>, 'fetch'>,
  address: { host: string; port: number; graceMs: number },
): Promise<Listening> {
  return new Promise((resolve, reject) => {
    // Closes connections of slow clients: one costs little, a thousand do not.
    const serverOptions = { headersTimeout: 10_000, requestTimeout: 30_000 };
    const { host: hostname, port, graceMs } = address;
    const server = serve({ fetch: app.fetch, hostname, port, serverOptions }, (info: AddressInfo) => {
      server.off('error', reject);
      resolve({
        port: info.port,
        url: `http://${hostname.includes(':') ? `[${hostname}]` : hostname}:${info.port}`,
        stop: () =>
          new Promise((done) => {
            const deadline = setTimeout(() => {
              if ('closeAllConnections' in server) server.closeAllConnections();
            }, graceMs);
            server.close(() => {
              clearTimeout(deadline);
              done();
            });
            if ('closeIdleConnections' in server) server.closeIdleConnections();
          }),
      });
    });
    server.once('error', reject);
  });
}
