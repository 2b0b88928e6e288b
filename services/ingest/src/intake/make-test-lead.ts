import type { AskedBy, ResultOf } from '@leadline/contracts/command';
import { makeTestLead } from '@leadline/contracts/commands/test-call';
import { testCallSource } from '@leadline/contracts/test-call';
import type { Database } from '@leadline/database/open-database';
import { affected } from '@leadline/database/sql';
import { answer, CommandRefused, type Answering } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { requirePhone } from '@leadline/messaging/require-phone';
import { randomUUID } from 'node:crypto';
import { keepDelivery, type Receiving } from './keep-delivery.ts';
import { toLead } from './to-lead.ts';

/** Answers `ops.ingest.make_test_lead`. */
export function answerTestCalls(nats: Nats, postgres: Database, receiving: Receiving): Promise<Answering> {
  return answer(nats, makeTestLead, (asked) => takeIn(asked, postgres, receiving));
}

/** Takes the lead in as any delivery: with its receipt and event, so that a test call tries the whole way. */
async function takeIn(
  { id, phone, mode, name, productName, who }: AskedBy<typeof makeTestLead>,
  postgres: Database,
  receiving: Receiving,
): Promise<ResultOf<typeof makeTestLead>> {
  const lead = {
    name,
    phone: requirePhone(phone),
    sourceLeadId: id,
    ...(productName === undefined ? {} : { productName }),
  };
  const { outcome } = await keepDelivery(
    {
      source: testCallSource,
      idScope: '',
      sourceLeadId: id,
      idempotencyKey: null,
      body: JSON.stringify(lead),
      read: toLead(lead),
      origin: {
        connectionId: null,
        deliveryId: randomUUID(),
        part: 0,
        idScope: '',
        method: 'POST',
        query: '',
        contentType: 'application/json',
        raw: null,
        agentMode: mode ?? null,
        phoneRaw: null,
        phoneAlternates: [],
        enquiryType: null,
        dndFlag: null,
        isTest: true,
      },
    },
    receiving,
  );
  switch (outcome.kind) {
    case 'accepted':
    case 'joined':
      await affected(postgres.sql, `insert into ingest_audit (action, who, details) values ($1, $2, $3)`, [
        'test_call',
        who,
        JSON.stringify({ leadId: outcome.leadId }),
      ]);
      return { leadId: outcome.leadId };
    case 'repeated':
      if (outcome.leadId === null) throw new CommandRefused('phone: its person was erased, so nothing is kept of it');
      return { leadId: outcome.leadId };
    case 'rejected':
      throw new CommandRefused(
        outcome.faults.map(({ pointer, detail }) => `${pointer.slice(1) || 'body'}: ${detail}`).join('; '),
      );
    case 'unavailable':
      throw new Error('nobody can tell whether the lead of a test call is stored');
  }
}
