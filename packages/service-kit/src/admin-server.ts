import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { Gauge, type Registry } from 'prom-client';
import { listen, type Listening } from './listen.ts';
import { traceRequests } from '@leadline/tracing/trace-requests';
import { within } from '@leadline/time/within';

/** The state of each thing that a service needs: true, or a few words on what is wrong. */
export type Readiness = Record<string, true | string>;

/**
 * Prometheus gives a scrape 10 s. The process' own counters must be readable even while everything around it is down.
 */
const measureWithinMs = 3_000;

/**
 * Serves `/livez` (the process answers), `/readyz` (503 with what is missing), `/metrics` (Prometheus text, with
 * readiness) and a service's own routes for operators.
 */
export function startAdminServer(options: {
  host: string;
  port: number;
  ready: () => Promise<Readiness>;
  /** What the service goes on without: reported as well, but never makes the service unready. */
  tell?: () => Promise<Readiness>;
  metrics: Registry;
  /** Updates gauges before they are read. */
  measure?: () => Promise<void>;
  routes?: Hono | undefined;
}): Promise<Listening> {
  const readiness = new Gauge({
    name: 'leadline_ready',
    help: '1 while a part that the service stands on is there: its database, NATS, its outbox, itself',
    labelNames: ['part'],
    registers: [options.metrics],
  });
  const noteReadiness = async (): Promise<void> => {
    const state = { ...(await options.ready()), ...(await options.tell?.()) };
    for (const [part, is] of Object.entries(state)) readiness.set({ part }, is === true ? 1 : 0);
  };
  const app = new Hono();
  app.get('/livez', (c) => c.text('ok'));
  app.get('/readyz', async (c) => {
    const state = await options.ready();
    const up = Object.values(state).every((part) => part === true);
    return c.json({ ready: up, ...state, ...(await options.tell?.()) }, up ? 200 : 503);
  });
  app.get('/metrics', async (c) => {
    // Counters are useful even while the gauges' source is down.
    const measuring = within(measureWithinMs, options.measure?.());
    await Promise.allSettled([noteReadiness(), measuring]);
    return c.body(await options.metrics.metrics(), 200, { 'content-type': options.metrics.contentType });
  });
  if (options.routes !== undefined) app.use('/v1/*', traceRequests()).route('/', options.routes);
  app.onError((error, c) =>
    error instanceof HTTPException ? error.getResponse() : c.json({ title: 'Internal fault', status: 500 }, 500),
  );
  return listen(app, { host: options.host, port: options.port, graceMs: 1_000 });
}

/** Checks whether something works, within 2 s. A check that returns words says what is wrong. */
export async function probe(check: () => Promise<unknown>): Promise<true | string> {
  try {
    const answered = await within(
      2_000,
      check().then((answer) => (typeof answer === 'string' ? answer : true)),
    );
    return answered ?? 'no answer within 2 s';
  } catch (error) {
    if (!(error instanceof Error)) return 'failed';
    // Show only our own words: a far system's may hold secrets.
    return error.constructor === Error ? error.message : `failed: ${error.constructor.name}`;
  }
}
