import { callIdOfRoom } from '@leadline/contracts/room-name';
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
  qualification: z.record(z.string(), z.unknown()).optional(),
});

/** An agent's report names a room only; of its answers the keys are kept, for the call's row has the rest. */
export function toLeadEvent(event: { id: string; type: string; time: Date; data: unknown }): LeadEvent {
  const { leadId, callId, source, room, qualification, ...rest } = about.parse(event.data);
  const answered = Object.entries(qualification ?? {}).flatMap(([key, value]) =>
    value === null || value === '' ? [] : [key],
  );
  return {
    id: event.id,
    type: event.type,
    at: event.time,
    leadId: leadId ?? null,
    callId: callId ?? (typeof room === 'string' ? callIdOfRoom(room) : undefined) ?? null,
    source: source ?? null,
    data: qualification === undefined ? rest : { ...rest, answered },
  };
}
