import type { AskedBy, CommandContract, ResultOf } from '@leadline/contracts/command';
import { by, type WhoAndWhy } from '@leadline/contracts/commands/by';
import * as callbacks from '@leadline/contracts/commands/callbacks';
import * as dialling from '@leadline/contracts/commands/dialling';
import { explainTestCall } from '@leadline/contracts/commands/test-call';
import * as doNotCall from '@leadline/contracts/commands/do-not-call';
import { erase } from '@leadline/contracts/commands/erase';
import * as lead from '@leadline/contracts/commands/lead';
import { compareDatabase } from '@leadline/contracts/commands/reconcile';
import { decideFault } from '@leadline/database/decide-fault';
import { databaseNow } from '@leadline/database/locks';
import { answer, CommandRefused, type Answering } from '@leadline/messaging/ask';
import { requirePhone } from '@leadline/messaging/require-phone';
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
import { loadDialFacts, type Seen, type Sight } from './load-dial-facts.ts';
import { cancelCallback, listCallbacks, moveCallback } from './steer-callbacks.ts';
import { diallingState, startDialling, stopDialling } from './switch-dialling.ts';

/** People's commands and questions on `ops.dispatcher.<verb>`. Any replica may answer. */
export async function answerCommands(deps: Deps, wake: () => void): Promise<Answering[]> {
  const on = <Body extends z.ZodType, Result extends z.ZodType>(
    command: CommandContract<Body, Result>,
    work: (asked: z.output<Body>) => Promise<z.output<Result>>,
  ): Promise<Answering> => answer(deps.nats, command, work);
  return Promise.all([
    on(dialling.stopDialling, (asked) => stopDialling(asked, deps)),
    on(dialling.startDialling, async (asked) => {
      const state = await startDialling(asked, deps);
      wake();
      return state;
    }),
    on(dialling.diallingState, () => diallingState(deps)),
    on(lead.callAgain, async (asked) => {
      const again = await callAgain(asked, deps);
      wake();
      return again;
    }),
    on(doNotCall.addDoNotCall, (asked) => addDoNotCall(asked, deps)),
    on(doNotCall.removeDoNotCall, (asked) => removeDoNotCall(asked, deps)),
    on(doNotCall.findDoNotCall, (asked) => findDoNotCall(asked, deps)),
    on(callbacks.listCallbacks, (asked) => listCallbacks(asked, deps)),
    on(callbacks.moveCallback, (asked) => moveCallback(asked, deps)),
    on(callbacks.cancelCallback, (asked) => cancelCallback(asked, deps)),
    on(erase.dispatcher, (asked) => erasePerson(asked, deps)),
    on(lead.explain, async ({ leadId }) => toWire(await decideNow(leadId, deps))),
    on(explainTestCall, (asked) => decideTestCall(asked, deps)),
    on(compareDatabase, async () => ({ unknown: await deps.generation.compare() })),
    on(dialling.callWindow, () => readWindow(deps)),
  ]);
}

/** What the claim would decide now, for one lead: verdict, reason and next time. Changes nothing. */
async function decideNow(id: number, deps: Deps): Promise<DialDecision> {
  const sight = await loadDialFacts(deps.postgres.sql, { leadIds: [id] }, deps.now);
  const [found] = sight.leads;
  if (found === undefined) throw new CommandRefused(`leadId: there is no lead ${id}`);
  return decideAtOnce(found, sight, deps);
}

async function decideAtOnce({ facts }: Seen, { now, control }: Sight, deps: Deps): Promise<DialDecision> {
  const decision = decideDial(facts, now, deps.policy);
  // We name the lead's own reason first, then a reason that holds back every lead.
  const isItsOwn = decision.kind === 'wait' && decision.reason === 'talked_recently';
  if (isItsOwn || (decision.kind !== 'dial' && decision.kind !== 'wait')) return decision;
  return heldBack({ control, now, heard: await deps.reports.isHeard(deps.postgres.sql) }, deps) ?? decision;
}

/** What the claim would decide if a test call to this number were made now. Changes nothing. */
async function decideTestCall(
  { phone, mode }: AskedBy<typeof explainTestCall>,
  deps: Deps,
): Promise<ResultOf<typeof explainTestCall>> {
  const { policy } = deps;
  const sight = await loadDialFacts(deps.postgres.sql, { testCallTo: requirePhone(phone) }, deps.now);
  const [imagined] = sight.leads;
  if (imagined === undefined) throw new Error('a lead that was imagined was not found');
  return {
    ...toWire(await decideAtOnce(imagined, sight, deps)),
    testNumbers: policy.testNumbers.length,
    mode: mode ?? policy.agentMode,
    agentWaitSeconds: policy.agentWaitMs / 1_000,
    ringSeconds: policy.ringSeconds,
    maxCallSeconds: policy.maxCallSeconds,
  };
}

function toWire(decision: DialDecision): lead.Explanation {
  const { kind } = decision;
  switch (decision.kind) {
    case 'dial':
      return { kind };
    case 'refuse':
      return { kind, reason: decision.reason };
    case 'wait':
    case 'not_due':
      return { kind, reason: decision.reason, until: decision.until?.toISOString() ?? null };
  }
}

/** Whether a phone may ring now, and when that changes next. */
async function readWindow(deps: Deps): Promise<ResultOf<typeof dialling.callWindow>> {
  const { window } = deps.policy;
  const now = deps.now(await databaseNow(deps.postgres.sql));
  const lengthMs = ringWindowMs(deps.policy);
  const open = isOpen(window, now, lengthMs);
  return { open, opensAt: open ? null : nextOpening(window, now, lengthMs).toISOString() };
}

async function readBy(body: () => Promise<unknown>): Promise<WhoAndWhy | undefined> {
  const parsed = z.object(by).safeParse(await body().catch(() => undefined));
  return parsed.success ? parsed.data : undefined;
}

/** The stop switch over HTTP, for when NATS is down. */
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
    const title = status === 503 ? 'The database does not answer or takes no writes; try again soon' : 'Internal fault';
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
