import { correctReceipt } from '@leadline/contracts/commands/receipts';
import { ask } from '@leadline/messaging/ask';
import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { z } from 'zod';
import { audit } from '../audit/audit.ts';
import type { Deps } from '../deps.ts';
import { carryOut, operatorOnly, readForm, reasonField, shownTo, type Env } from '../web/guard.ts';
import { deliveryPage, rejectedAPage, sharedAPage, sourcesPage } from './page.ts';
import { readDelivery, readRejected, readSharedIds, readSources } from './read.ts';

const correction = z.object({ phone: z.string().trim().min(1, 'is missing').max(200), ...reasonField });

export function sourceRoutes(deps: Deps): Hono<Env> {
  const app = new Hono<Env>();
  app.get('/sources', async (c) => {
    const source = c.req.query('source')?.trim() || undefined;
    const before = /^[\dT:.-]{20,30}Z$/.exec(c.req.query('before') ?? '')?.[0];
    const asked = { source, before };
    const [sources, rejected, shared] = await Promise.all([
      readSources(deps.postgres),
      readRejected(deps.postgres, asked, rejectedAPage),
      readSharedIds(deps.postgres, source, sharedAPage),
    ]);
    return c.html(sourcesPage(shownTo(c, deps), { sources, rejected, shared, source }));
  });
  app.get('/sources/deliveries/:id{[0-9a-f-]{36}}', async (c) => {
    const delivery = await readDelivery(deps.postgres, c.req.param('id'));
    if (delivery === undefined) throw new HTTPException(404, { message: 'There is no such rejected delivery.' });
    return c.html(deliveryPage(shownTo(c, deps), delivery));
  });
  app.post('/sources/deliveries/:id{[0-9a-f-]{36}}/correct', operatorOnly, async (c) => {
    const receiptId = c.req.param('id');
    const { phone, reason } = await readForm(c, correction);
    const who = c.get('session').user.name;
    return carryOut(c, deps, `/sources/deliveries/${receiptId}`, async () => {
      const asked = { who, reason, receiptId, phone };
      const { leadId, became } = await ask(deps.nats, correctReceipt, asked, 15_000);
      const details = { receipt: receiptId, lead: leadId };
      await audit(deps.postgres.sql, { action: 'correct_receipt', who, reason, details });
      if (became === 'joined') return `It joined lead ${leadId}, which is open.`;
      return became === 'lead' ? `It became lead ${leadId}.` : `It is lead ${leadId} already.`;
    });
  });
  return app;
}
