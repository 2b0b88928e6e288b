import { ask } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { z } from 'zod';

const change = z.object({
  receiptId: z.string().nullable(),
  source: z.string(),
  leadId: z.int().nullable(),
  kind: z.enum(['new_lead', 'late', 'differs', 'other_number', 'refused_now']),
  fields: z.array(z.string()),
  faults: z.array(z.object({ pointer: z.string(), reason: z.string(), detail: z.string() })),
  applied: z.boolean(),
});
/** What one lead of a delivery came to when it was read again. */
export type Change = z.output<typeof change>;

const page = z.object({
  deliveries: z.int(),
  changes: z.array(change),
  /** Ingest of an older version does not tell it. */
  askedAgain: z.int().default(0),
  next: z.object({ place: z.string(), id: z.string() }).nullable(),
});
export type Replayed = { deliveries: number; changes: Change[]; askedAgain: number };

const answerWithinMs = 60_000;

/** Asks ingest to read its deliveries again, a page at a time. Asked again it goes on where it was. */
export async function replayDeliveries(
  nats: Nats,
  asked: { who: string; since: Date; source: string | undefined; apply: boolean },
): Promise<Replayed> {
  const replayed: Replayed = { deliveries: 0, changes: [], askedAgain: 0 };
  let after: z.output<typeof page>['next'] = null;
  do {
    const question = { ...asked, since: asked.since.toISOString(), source: asked.source ?? null, after };
    const answer: z.output<typeof page> = await ask(nats, 'ops.ingest.replay', question, page, answerWithinMs);
    replayed.deliveries += answer.deliveries;
    replayed.changes.push(...answer.changes);
    replayed.askedAgain += answer.askedAgain;
    after = answer.next;
  } while (after !== null);
  return replayed;
}
