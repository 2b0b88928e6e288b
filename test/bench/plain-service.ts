import { serve } from '@hono/node-server';
import { leadCreated } from '@leadline/contracts/events/lead-created';
import { Hono } from 'hono';
import { connect, JSONCodec } from 'nats';
import { randomUUID } from 'node:crypto';
import { Pool } from 'pg';
import { z } from 'zod';
import { newLead } from '../../services/ingest/src/intake/lead-schema.ts';

// The service one would write first: for each request one INSERT, committed, and one publish, acknowledged. It promises
// less than ingest does (a crash between the two loses the event, a repeat makes a second lead) and keeps no receipt.
const env = z
  .object({
    PORT: z.coerce.number(),
    DATABASE_URL: z.string(),
    NATS_URL: z.string(),
    NATS_USER: z.string(),
    NATS_PASS: z.string(),
  })
  .parse(process.env);
const pool = new Pool({ connectionString: env.DATABASE_URL });
const nats = await connect({
  servers: env.NATS_URL,
  user: env.NATS_USER,
  pass: env.NATS_PASS,
  inboxPrefix: `_INBOX_${env.NATS_USER}`,
});
const stream = nats.jetstream();
const json = JSONCodec();
const inserted = z.tuple([z.object({ id: z.number() })]);
const app = new Hono();

app.post('/v1/leads', async (c) => {
  const read = newLead.safeParse(await c.req.json());
  if (!read.success) return c.json({ errors: read.error.issues }, 422);
  const lead = read.data;
  const { rows } = await pool.query(
    `insert into leads (name, phone, source, email, product_name, city, state, query_message)
     values ($1, $2, 'website', $3, $4, $5, $6, $7) returning id`,
    [lead.name, lead.phone, lead.email, lead.productName, lead.city, lead.state, lead.message],
  );
  const [{ id }] = inserted.parse(rows);
  const event = { leadId: id, source: 'website', enquiredAt: new Date().toISOString() };
  await stream.publish(leadCreated.type, json.encode(event), { msgID: randomUUID() });
  return c.json({ id, status: 'new' }, 202);
});

serve({ fetch: app.fetch, hostname: '127.0.0.1', port: env.PORT });
