import { toKeptData } from '@leadline/contracts/kept-report';
import { callIdOfRoom } from '@leadline/contracts/room-name';
import { readAgentReport } from '@leadline/contracts/to-agent-report';
import { z } from 'zod';

/** An event as the timeline stores it: what happened to which lead or call, and nothing that a person said. */
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
    return { id, type, at, leadId: null, callId, source: null, data: toKeptData(read.report, read.notes) };
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
