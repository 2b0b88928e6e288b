import { Hono } from 'hono';
import { z } from 'zod';
import { faults, type HeldFaults } from './faults.ts';
import { outcome, type Outcome } from './livekit/outcome.ts';

/** The control API: tests set up the simulated world and read its state. */
export function controlApp(options: {
  scripts: Map<string, Outcome[]>;
  setFaults: (given: HeldFaults) => void;
  calls: () => unknown[];
}): Hono {
  const app = new Hono();
  const script = z.object({ number: z.string(), outcomes: z.array(outcome) });
  app.post('/script', async (c) => {
    const given = script.safeParse(await c.req.json().catch(() => undefined));
    if (!given.success) return c.json({ faults: given.error.issues }, 422);
    options.scripts.set(given.data.number, given.data.outcomes);
    return c.json({ number: given.data.number, outcomes: given.data.outcomes.length });
  });
  app.post('/faults', async (c) => {
    const given = faults.safeParse(await c.req.json().catch(() => undefined));
    if (!given.success) return c.json({ faults: given.error.issues }, 422);
    options.setFaults(given.data);
    return c.json(given.data);
  });
  app.get('/calls', (c) => c.json({ calls: options.calls() }));
  return app;
}
