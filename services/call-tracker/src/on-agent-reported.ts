import type { PayloadOf } from '@leadline/contracts/event';
import { agentEnded } from '@leadline/contracts/events/agent-ended';
import { agentQualified } from '@leadline/contracts/events/agent-qualified';
import { agentReady } from '@leadline/contracts/events/agent-ready';
import { toAnswers, unknownKeys } from '@leadline/contracts/qualification';
import { on, type Handler } from '@leadline/messaging/consume';
import { done, reject, type Outcome } from '@leadline/messaging/outcome';
import type { CallEvent } from './call-state.ts';
import type { Deps } from './deps.ts';
import { trackRoom } from './track-call.ts';

export type AgentReport =
  | { type: 'agent.ready'; data: PayloadOf<typeof agentReady> }
  | { type: 'agent.qualified'; data: PayloadOf<typeof agentQualified> }
  | { type: 'agent.ended'; data: PayloadOf<typeof agentEnded> };

/** The voice agent's reports over NATS. One for a room that is no call's is a dead letter. */
export function onAgentReported(deps: Deps): Handler[] {
  const track = async (report: AgentReport, time: Date): Promise<Outcome> =>
    (await trackReport(report, time, deps)) === 'unknown' ? reject('unknown_room') : done;
  return [
    on(agentReady, ({ data, time }) => track({ type: 'agent.ready', data }, time)),
    on(agentQualified, ({ data, time }) => track({ type: 'agent.qualified', data }, time)),
    on(agentEnded, ({ data, time }) => track({ type: 'agent.ended', data }, time)),
  ];
}

/** The one way of a report, whether it came over NATS or HTTP. */
export async function trackReport(report: AgentReport, time: Date, deps: Deps): Promise<'tracked' | 'unknown'> {
  const outcome = await trackRoom(report.data.room, toCallEvent(report, time, deps), deps);
  if (outcome === 'unknown') deps.metrics.inputs.inc({ kind: report.type, outcome: 'unknown_room' });
  return outcome;
}

function toCallEvent(report: AgentReport, at: Date, deps: Deps): CallEvent {
  switch (report.type) {
    case 'agent.ready':
      return { kind: 'agent_ready', at };
    case 'agent.qualified': {
      const { mode } = report.data;
      const answers = toAnswers(report.data.qualification);
      deps.metrics.unknownAnswerKeys.inc({ mode }, unknownKeys(mode, answers).length);
      return { kind: 'agent_qualified', at, mode, answers };
    }
    case 'agent.ended': {
      const { endedBy, doNotCall, callbackAt } = report.data;
      return {
        kind: 'agent_ended',
        at,
        endedBy,
        doNotCall,
        callbackAt: callbackAt === null ? null : new Date(callbackAt),
      };
    }
  }
}
