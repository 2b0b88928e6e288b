import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { newLead } from '../../services/ingest/src/intake/lead-schema.ts';

// What Hono, zod and Node's HTTP alone can do with this request: no database, no key, no check of the number.
const app = new Hono();
let id = 0;

app.post('/v1/leads', async (c) => {
  const lead = newLead.safeParse(await c.req.json());
  if (!lead.success) return c.json({ errors: lead.error.issues }, 422);
  return c.json({ id: ++id, status: 'new' }, 202);
});

serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(process.env['PORT']) });
