import { callIdOfRoom } from '@leadline/contracts/room-name';
import { readAgentReport, type AgentReport, type FieldNote } from '@leadline/contracts/to-agent-report';
import { z } from 'zod';

/** An event as the timeline keeps it: what happened to whom, and nothing that a person said. */
export type LeadEvent = {
  id: string;
  type: string;
  at: Date;
  leadId: number | null;
  callId: number | null;
  source: string | null;
  data: Record<string, unknown>;
};

const about = z.looseObject({
  leadId: z.int().nullish(),
  callId: z.int().nullish(),
  source: z.string().nullish(),
  room: z.string().nullish(),
});

export function toLeadEvent(event: { id: string; type: string; time: Date; data: unknown }): LeadEvent {
  const { id, type, time: at } = event;
  const read = type.startsWith('agent.') ? readAgentReport(type, event.data) : undefined;
  if (read?.ok === true) {
    const callId = callIdOfRoom(read.report.room) ?? null;
    return { id, type, at, leadId: null, callId, source: null, data: toReportData(read.report, read.notes) };
  }
  const { leadId, callId, source, room, ...rest } = about.parse(event.data);
  return {
    id,
    type,
    at,
    leadId: leadId ?? null,
    callId: callId ?? (typeof room === 'string' ? callIdOfRoom(room) : undefined) ?? null,
    source: source ?? null,
    data: rest,
  };
}

/** An agent's report names a room only; of its answers the keys are kept, for the call's row has the rest. */
function toReportData(report: AgentReport, notes: readonly FieldNote[]): Record<string, unknown> {
  const unread = [...new Set(notes.filter(({ outcome }) => outcome !== 'words').map(({ field }) => field))];
  const told = unread.length === 0 ? {} : { unread };
  switch (report.type) {
    case 'agent.ready':
      return told;
    case 'agent.qualified': {
      const { mode, answers, doNotCall } = report;
      return { mode, answered: Object.keys(answers), ...(doNotCall ? { doNotCall } : {}), ...told };
    }
    case 'agent.ended': {
      const { endedBy, doNotCall, callbackAt } = report;
      return { endedBy, doNotCall, callbackAt: callbackAt?.toISOString() ?? null, ...told };
    }
  }
}
