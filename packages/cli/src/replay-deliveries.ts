import type { ResultOf } from '@leadline/contracts/command';
import { replay, type ReplayChange } from '@leadline/contracts/commands/receipts';
import { ask } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';

export type Replayed = { deliveries: number; changes: ReplayChange[]; askedAgain: number };

const answerWithinMs = 60_000;

/** Asks ingest to read its deliveries again, a page at a time. A second run continues where the first one ended. */
export async function replayDeliveries(
  nats: Nats,
  asked: { who: string; since: Date; source: string | undefined; apply: boolean },
): Promise<Replayed> {
  const replayed: Replayed = { deliveries: 0, changes: [], askedAgain: 0 };
  let after: ResultOf<typeof replay>['next'] = null;
  do {
    const question = { ...asked, since: asked.since.toISOString(), source: asked.source ?? null, after };
    const answer: ResultOf<typeof replay> = await ask(nats, replay, question, answerWithinMs);
    replayed.deliveries += answer.deliveries;
    replayed.changes.push(...answer.changes);
    replayed.askedAgain += answer.askedAgain;
    after = answer.next;
  } while (after !== null);
  return replayed;
}
