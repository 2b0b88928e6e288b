import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { z } from 'zod';
import { newLead } from '../../../services/ingest/src/intake/lead-schema.ts';
import { sendInGroups } from './send-in-groups.ts';

// One process of a peer: the intake, which answers once the job is durable, or the worker, which tells how many it has had.
const env = z
  .object({
    PORT: z.coerce.number(),
    ROLE: z.enum(['intake', 'worker']),
    QUEUE: z.enum(['pg-boss', 'graphile-worker', 'bullmq']),
    /** Where its jobs are kept. */
    QUEUE_URL: z.string(),
    /** Whether what comes while a send is under way is sent together. */
    GROUPS: z.stringbool(),
  })
  .parse(process.env);

// Each process loads its own queue alone.
const opens = {
  'pg-boss': async () => (await import('./pg-boss-queue.ts')).openPgBoss(env.QUEUE_URL),
  'graphile-worker': async () => (await import('./graphile-worker-queue.ts')).openGraphileWorker(env.QUEUE_URL),
  bullmq: async () => (await import('./bullmq-queue.ts')).openBullmq(env.QUEUE_URL),
};
const queue = await opens[env.QUEUE]();
const app = new Hono();

if (env.ROLE === 'intake') {
  const send = env.GROUPS
    ? sendInGroups((leads: object[]) => queue.sendAll(leads))
    : (lead: object) => queue.send(lead);
  app.post('/v1/leads', async (c) => {
    const read = newLead.safeParse(await c.req.json());
    if (!read.success) return c.json({ errors: read.error.issues }, 422);
    await send(read.data);
    return c.json({ status: 'new' }, 202);
  });
} else {
  let claimed = 0;
  await queue.work(() => claimed++);
  app.get('/claimed', (c) => c.json({ claimed }));
}
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: env.PORT });
