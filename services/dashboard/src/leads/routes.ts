import { callAgain } from '@leadline/contracts/commands/lead';
import { ask } from '@leadline/messaging/ask';
import { Hono, type Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { z } from 'zod';
import type { Deps } from '../deps.ts';
import { carryOut, operatorOnly, readForm, reasonField, shownTo, type Env } from '../web/guard.ts';
import { leadPage } from './lead-page.ts';
import { hitsAPage, leadsPage } from './page.ts';
import { askExplanation, askReceipts, readLeadStory } from './read.ts';
import { searchLeads, type LeadSearch } from './search.ts';

const chosen = z
  .string()
  .trim()
  .max(200)
  .transform((text) => text || undefined)
  .optional();
/** Searches are sent as a form, because a number in an address would end up in every log on the way. */
const searchForm = z.object({ text: chosen, source: chosen, status: chosen });
const pageQuery = z.object({
  source: chosen,
  status: chosen,
  before: z.coerce.number().int().positive().max(2_147_483_647).optional(),
});

export function leadRoutes(deps: Deps): Hono<Env> {
  const app = new Hono<Env>();
  const show = async (c: Context<Env>, search: LeadSearch): Promise<Response> => {
    const shown = shownTo(c, deps);
    const byPhone = shown.session.user.role === 'operator';
    return c.html(leadsPage(shown, search, await searchLeads(deps, search, { byPhone, limit: hitsAPage })));
  };
  app.get('/leads', async (c) => {
    const query = pageQuery.safeParse(c.req.query());
    if (!query.success) throw new HTTPException(422, { message: 'The address is not one of ours.' });
    return show(c, query.data);
  });
  app.post('/leads', async (c) => show(c, await readForm(c, searchForm)));
  app.get('/leads/:id{[1-9][0-9]{0,8}}', async (c) => {
    const id = Number(c.req.param('id'));
    const story = await readLeadStory(deps, id);
    if (story === undefined) throw new HTTPException(404, { message: `There is no lead ${id}.` });
    const [explanation, receipts, rejected] = await Promise.all([
      askExplanation(deps, id),
      askReceipts(deps, { leadId: id, limit: 20 }),
      askReceipts(deps, { source: story.lead.source, verdict: 'rejected', limit: 5 }),
    ]);
    return c.html(leadPage(shownTo(c, deps), { story, explanation, receipts, rejected }));
  });
  app.post('/leads/:id{[1-9][0-9]{0,8}}/call-again', operatorOnly, async (c) => {
    const leadId = Number(c.req.param('id'));
    const { reason } = await readForm(c, z.object(reasonField));
    const asked = { leadId, reason, who: c.get('session').user.name };
    return carryOut(c, deps, `/leads/${leadId}`, async () => {
      await ask(deps.nats, callAgain, asked);
      return 'It is new again, and will be called once more.';
    });
  });
  return app;
}
