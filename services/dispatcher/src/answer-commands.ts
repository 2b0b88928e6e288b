import { decideFault } from '@leadline/database/decide-fault';
import { databaseNow } from '@leadline/database/locks';
import { answer, CommandRefused, type Answering } from '@leadline/messaging/ask';
import { eraseAsked } from '@leadline/messaging/erase';
import { requireBearer } from '@leadline/service-kit/bearer';
import { answerProblem } from '@leadline/service-kit/problem';
import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { z } from 'zod';
import { callAgain } from './call-again.ts';
import { isOpen, nextOpening } from './call-window.ts';
import { decideDial, ringWindowMs, type DialDecision } from './decide-dial.ts';
import type { Deps } from './deps.ts';
import { erasePerson } from './erase-person.ts';
import { addDoNotCall, findDoNotCall, removeDoNotCall } from './keep-do-not-call.ts';
import { heldBack } from './hold-back.ts';
import { loadDialFacts, readControl, readLead } from './load-dial-facts.ts';
import { diallingState, startDialling, stopDialling } from './switch-dialling.ts';

const by = z.object({ who: z.string().min(1).max(200), reason: z.string().min(1).max(1_000) });
const phone = z.object({ phone: z.string().min(1).max(100) });
const leadId = z.object({ leadId: z.int().positive() });

/** Commands and questions of people, each answered by whichever replica hears it: `ops.dispatcher.<verb>`. */
export async function answerCommands(deps: Deps, wake: () => void): Promise<Answering[]> {
  const on = <T>(verb: string, schema: z.ZodType<T>, work: (asked: T) => Promise<unknown>): Promise<Answering> =>
    answer(deps.nats, `ops.dispatcher.${verb}`, schema, work);
  return Promise.all([
    on('stop_dialling', by, (asked) => stopDialling(asked, deps)),
    on('start_dialling', by, async (asked) => {
      const state = await startDialling(asked, deps);
      wake();
      return state;
    }),
    on('dialling_state', z.object({}), () => diallingState(deps)),
    on('call_again', z.object({ ...leadId.shape, ...by.shape }), async (asked) => {
      const lead = await callAgain(asked, deps);
      wake();
      return lead;
    }),
    on('add_do_not_call', z.object({ ...phone.shape, ...by.shape }), (asked) => addDoNotCall(asked, deps)),
    on('remove_do_not_call', z.object({ ...phone.shape, ...by.shape }), (asked) => removeDoNotCall(asked, deps)),
    on('find_do_not_call', phone, (asked) => findDoNotCall(asked, deps)),
    on('erase', eraseAsked, (asked) => erasePerson(asked, deps)),
    on('explain', leadId, (asked) => explain(asked.leadId, deps)),
    on('compare_database', z.object({}), async () => ({ unknown: await deps.database.compare() })),
    on('call_window', z.object({}), () => tellWindow(deps)),
  ]);
}

/** What the claim would decide now, for one lead: verdict, reason and next time. Changes nothing. */
async function explain(id: number, deps: Deps): Promise<DialDecision> {
  const em = deps.postgres.em();
  const lead = await readLead(em, id);
  if (lead === undefined) throw new CommandRefused(`leadId: there is no lead ${id}`);
  const now = deps.now(await databaseNow(em));
  const control = await readControl(em);
  const decision = decideDial(await loadDialFacts(em, { lead, control }, now), now, deps.policy);
  // What the lead itself forbids is told first, and then what holds for everybody.
  const isItsOwn = decision.kind === 'wait' && decision.reason === 'talked_recently';
  if (isItsOwn || (decision.kind !== 'dial' && decision.kind !== 'wait')) return decision;
  return (await heldBack(em, control, now, deps)) ?? decision;
}

/** Whether a phone may ring now, and when that changes next. */
async function tellWindow(deps: Deps): Promise<{ open: boolean; opensAt: string | null }> {
  const { window } = deps.policy;
  const now = deps.now(await databaseNow(deps.postgres.em()));
  const lengthMs = ringWindowMs(deps.policy);
  const open = isOpen(window, now, lengthMs);
  return { open, opensAt: open ? null : nextOpening(window, now, lengthMs).toISOString() };
}

async function readBy(body: () => Promise<unknown>): Promise<z.infer<typeof by> | undefined> {
  const parsed = by.safeParse(await body().catch(() => undefined));
  return parsed.success ? parsed.data : undefined;
}

/** The stop switch by HTTP, for the day when NATS is the trouble. */
export function diallingRoutes(deps: Deps, opsKey: string, wake: () => void): Hono {
  const app = new Hono();
  app.use('/v1/dialling/*', requireBearer(opsKey));
  app.use('/v1/dialling', requireBearer(opsKey));
  const faulty = {
    title: 'The body must be JSON with who and reason',
    status: 422,
    detail: 'Example: {"who":"asha","reason":"wrong script"}',
  } as const;
  app.onError((error, c) => {
    if (error instanceof HTTPException) return error.getResponse();
    const status = decideFault(error) === 'outage' ? 503 : 500;
    deps.log.error({ err: error, path: c.req.path }, 'a command could not be carried out');
    const title = status === 503 ? 'The database can not be asked or written to; try again soon' : 'Internal fault';
    return answerProblem(c, { title, status });
  });
  app.get('/v1/dialling', async (c) => c.json(await diallingState(deps)));
  app.post('/v1/dialling/stop', async (c) => {
    const asked = await readBy(() => c.req.json());
    return asked === undefined ? answerProblem(c, faulty) : c.json(await stopDialling(asked, deps));
  });
  app.post('/v1/dialling/start', async (c) => {
    const asked = await readBy(() => c.req.json());
    if (asked === undefined) return answerProblem(c, faulty);
    const state = await startDialling(asked, deps);
    wake();
    return c.json(state);
  });
  return app;
}
