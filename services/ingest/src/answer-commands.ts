import type { Database } from '@leadline/database/open-database';
import type { Answering } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { answerImports } from './imports/import-leads.ts';
import type { Receiving } from './intake/keep-delivery.ts';
import { answerTestCalls } from './intake/make-test-lead.ts';
import { answerErase } from './people/erase-person.ts';
import { answerReconcile } from './reconcile.ts';
import { answerQuestions } from './replay/answer-questions.ts';
import { answerCorrections } from './replay/correct-receipt.ts';
import { answerReplay } from './replay/replay-deliveries.ts';
import { manageSources, type Places } from './vendors/manage-sources.ts';

/** Answers people's commands and questions, `ops.ingest.<verb>`. Whichever replica receives one answers it. */
export function answerCommands(deps: {
  nats: Nats;
  postgres: Database;
  receiving: Receiving;
  /** Fetches soon the leads that a vendor named without sending them. */
  wake: () => void;
  maxLeadAgeDays: number;
  places: Places;
}): Promise<Answering[]> {
  const { nats, postgres, receiving, wake } = deps;
  return Promise.all([
    answerQuestions(nats, postgres),
    answerReconcile(nats, postgres),
    answerErase(nats, postgres),
    answerImports(nats, postgres, receiving, deps.maxLeadAgeDays),
    answerTestCalls(nats, postgres, receiving),
    answerReplay(nats, postgres, { ...receiving, wake }),
    answerCorrections(nats, postgres, receiving),
    manageSources(nats, postgres, deps.places),
  ]);
}
