import { testCallSource } from '@leadline/contracts/test-call';
import { z } from 'zod';

/** Postgres writes these times into JSON as text. */
const jsonTime = z.string().transform((text) => new Date(text));

export const promiseRow = z.object({
  id: z.number(),
  callId: z.number().nullable(),
  at: jsonTime,
  dueAt: jsonTime,
  saidAt: jsonTime,
  /** When the same buyer gave answers for another lead, after the promise was made. */
  talkedAt: jsonTime.nullable(),
});
/** A lead's promise that still waits for its dial. */
export type PromiseRow = z.infer<typeof promiseRow>;

/** SQL of a lead's waiting promise as JSON, or null. `lead` names the lead's row. */
export const promiseColumn = (lead: string): string => `
  (select jsonb_build_object('id', b.id, 'callId', b.call_id, 'at', b.at, 'dueAt', b.due_at, 'saidAt', b.said_at, 'talkedAt',
            (select max(coalesce(t.call_ended_at, t.updated_at)) from calls t
              where last_ten(t.phone) = last_ten(${lead}.phone) and t.id > b.call_id and t.lead_id is distinct from b.lead_id
                and t.status in ('called', 'pushed') and t.qualification is not null and t.qualification not in ('{}', 'null')
                and t.source is distinct from '${testCallSource}'))
     from callbacks b where b.lead_id = ${lead}.id and b.state = 'waiting')`;
