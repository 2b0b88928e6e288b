import { serve } from '@hono/node-server';
import { consume } from '@leadline/messaging/consume';
import { every } from '@leadline/service-kit/every';
import { Hono } from 'hono';
import { claimDueLeads, isAnyDue } from '../../../services/dispatcher/src/claim-due-leads.ts';
import { claimedAtOnce } from '../../../services/dispatcher/src/dispatch-due-leads.ts';
import { onLeadCreated } from '../../../services/dispatcher/src/on-lead-created.ts';
import { openDispatcher } from '../open-dispatcher.ts';

// The dispatcher's way from `lead.created` to a claim that no other replica can make, and no further: its own consumer,
// handler and claim. It tells how many it has made. A peer's job has no dial either.
const { deps } = await openDispatcher(process.env);
let claimed = 0;
const claiming = every({
  name: 'claim due leads',
  ms: 1_000,
  work: async () => {
    while (await isAnyDue(deps)) {
      const claims = await claimDueLeads(deps, claimedAtOnce);
      if (claims.length === 0) return;
      claimed += claims.length;
    }
  },
  log: deps.log,
});
consume({
  nats: deps.nats,
  durable: 'dispatcher-leads',
  handlers: [onLeadCreated(() => claiming.wake())],
  concurrency: 16,
  ready: () => Promise.resolve(true),
  metrics: deps.metrics.messaging,
  log: deps.log,
});
const app = new Hono();
app.get('/claimed', (c) => c.json({ claimed }));
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(process.env['PORT']) });
