import { reconcile } from '@leadline/contracts/commands/reconcile';
import { answer, type Answering } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { hearAgain, keepSaid, readSaidSince } from '@leadline/messaging/reconcile';
import type { Deps } from './deps.ts';
import { onAgentReported } from './on-agent-reported.ts';
import { onDialReported } from './on-dial-reported.ts';

/**
 * `ops.call-tracker.reconcile` { who, reason }: after a restore from a backup, handles again what agents and dials have
 * reported since, so that calls which the backup shows as going on get their answers and their end. It is safe to repeat.
 */
export function answerReconcile(nats: Nats, deps: Deps): Promise<Answering> {
  return answer(nats, reconcile['call-tracker'], async (asked) => {
    const said = await readSaidSince(nats, deps.postgres.sql, 'call-tracker');
    const dials = await hearAgain(nats, 'CALLS', onDialReported(deps), said.since);
    const reports = await hearAgain(nats, 'AGENT', onAgentReported(deps), said.since);
    await deps.postgres.transaction((sql) => keepSaid(sql, 'call-tracker', said));
    const reconciled = { events: said.events.length, heardAgain: dials + reports };
    deps.log.warn({ ...reconciled, who: asked.who }, 'reconciled with the streams by an operator');
    return reconciled;
  });
}
