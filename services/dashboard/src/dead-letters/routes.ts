import { CommandRefused } from '@leadline/messaging/ask';
import { discard, listDeadLetters, readDeadLetter, redrive, type DeadLetterView } from '@leadline/messaging/redrive';
import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { z } from 'zod';
import { audit } from '../audit/audit.ts';
import type { Deps } from '../deps.ts';
import { carryOut, operatorOnly, readForm, reasonField, shownTo, tellAt, type Env } from '../web/guard.ts';
import { deadLetterPage, deadLettersPage, redrivePage } from './page.ts';
import { readRun, toLetterFilter, type Redrives } from './redrives.ts';

const listedAtMost = 500;

const chosen = z
  .string()
  .trim()
  .max(300)
  .transform((text) => text || undefined)
  .optional();
const filterFields = { durable: chosen, subject: chosen, reason: chosen };
const filterQuery = z.object({ ...filterFields, all: z.string().optional() });
const matchingForm = z.object({
  durable: chosen,
  subject: chosen,
  because: chosen,
  cap: z.coerce.number().int().min(1).max(10_000),
  mode: z.enum(['try', 'redrive']),
  ...reasonField,
});
const oneForm = z.object({
  payload: z.string().max(600_000),
  mode: z.enum(['try', 'redrive', 'discard']),
  ...reasonField,
});

export function deadLetterRoutes(deps: Deps, redrives: Redrives): Hono<Env> {
  const app = new Hono<Env>();
  app.get('/dead-letters', async (c) => {
    const query = filterQuery.safeParse(c.req.query());
    if (!query.success) throw new HTTPException(422, { message: 'This address is not valid. Go back and try again.' });
    const { all, ...filter } = query.data;
    const only = all === undefined ? { redriven: false } : {};
    const letters = await listDeadLetters(deps.nats, { ...toLetterFilter(filter), ...only }, listedAtMost);
    const shownLetters = { letters: letters.toReversed(), isCut: letters.length === listedAtMost };
    return c.html(
      deadLettersPage(shownTo(c, deps), {
        ...shownLetters,
        filter,
        all: all !== undefined,
        canRedrive: deps.opsNats !== undefined,
      }),
    );
  });
  app.get('/dead-letters/:seq{[1-9][0-9]{0,15}}', async (c) => {
    const letter = await findLetter(deps, Number(c.req.param('seq')));
    return c.html(deadLetterPage(shownTo(c, deps), letter));
  });
  app.post('/dead-letters/:seq{[1-9][0-9]{0,15}}/redrive', operatorOnly, async (c) => {
    const seq = Number(c.req.param('seq'));
    const { payload, mode, reason } = await readForm(c, oneForm);
    const who = c.get('session').user.name;
    return carryOut(c, deps, `/dead-letters/${seq}`, async () => {
      if (deps.opsNats === undefined)
        throw new CommandRefused('dead letters can not be sent back: set OPS_NATS_USER and OPS_NATS_PASS');
      const letter = await findLetter(deps, seq);
      const details = { seq, subject: letter.subject, durable: letter.durable };
      if (mode === 'discard') {
        await discard(deps.opsNats, { seq, who, reason, auditedBy: 'dashboard' });
        await audit(deps.postgres.sql, { action: 'discard', who, reason, details });
        return 'It is discarded. What it held back continues.';
      }
      const dryRun = mode === 'try';
      await redrive(deps.opsNats, { seq, who, dryRun, payload: readPayload(payload), auditedBy: 'dashboard' });
      if (dryRun) return `It fits ${letter.subject} and would go back to ${letter.durable}. Nothing was sent.`;
      await audit(deps.postgres.sql, { action: 'redrive', who, reason, details });
      return `It was sent back to ${letter.durable}.`;
    });
  });
  app.post('/dead-letters/redrive', operatorOnly, async (c) => {
    const { durable, subject, because, cap, mode, reason } = await readForm(c, matchingForm);
    const asked = { filter: { durable, subject, reason: because }, cap, dryRun: mode === 'try', reason };
    try {
      const who = c.get('session').user.name;
      const id = await redrives.begin({ ...asked, filter: withoutEmpty(asked.filter), who });
      return c.redirect(`/redrives/${id}`, 303);
    } catch (error) {
      if (!(error instanceof CommandRefused)) throw error;
      return tellAt(c, deps, '/dead-letters', { kind: 'refused', text: error.message });
    }
  });
  app.get('/redrives/:id{[0-9a-f-]{36}}', async (c) => {
    const run = await readRun(deps, c.req.param('id'));
    if (run === undefined) throw new HTTPException(404, { message: 'There is no such redrive.' });
    return c.html(redrivePage(shownTo(c, deps), run));
  });
  return app;
}

async function findLetter(deps: Deps, seq: number): Promise<DeadLetterView> {
  const letter = await readDeadLetter(deps.nats, seq);
  if (letter === undefined) throw new HTTPException(404, { message: `There is no dead letter ${seq}.` });
  return letter;
}

/** Passes text that is no JSON on unchanged; the service then refuses it with words. */
function readPayload(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function withoutEmpty(filter: Record<'durable' | 'subject' | 'reason', string | undefined>) {
  return toLetterFilter({ durable: filter.durable, subject: filter.subject, reason: filter.reason });
}
