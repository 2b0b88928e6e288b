import { reconcile } from '@leadline/contracts/commands/reconcile';
import { toHeaders } from '@leadline/contracts/envelope';
import { ask } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { storeMessage } from '@leadline/messaging/stored-message';
import { streamOf } from '@leadline/messaging/topology';
import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { testSettings } from '@leadline/world/test-settings';
import { silentLog } from '@leadline/testing/silent-log';
import { until } from '@leadline/testing/until';
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { emptyLiveKit } from '../test/open-deps.ts';
import { readCallTrackerConfig } from './config.ts';
import { start, type CallTracker } from './start.ts';

let database: TestDatabase;
let nats: TestNats;
let tracker: CallTracker;

beforeEach(async () => {
  [database, nats] = await Promise.all([testDatabase(), testNats()]);
  const postgres = await database.open('callTracker');
  const config = readCallTrackerConfig(testSettings('callTracker', { db: database, nats }));
  tracker = await start(config, {
    postgres,
    nats: await nats.connect('call-tracker'),
    now: (databaseTime) => databaseTime,
    log: silentLog,
    livekit: emptyLiveKit,
  });
});
afterEach(async () => {
  await tracker.stop();
  await nats.close();
  await database.drop();
});

async function publish(from: Nats, subject: string, data: Record<string, unknown>): Promise<void> {
  // An agent's id is no UUID.
  const id = `${subject}:${randomUUID()}`;
  const headers = toHeaders({ id, type: subject, source: 'test', subject: 'call/test', time: new Date() });
  await storeMessage(from, {
    subject,
    stream: streamOf(subject),
    messageId: id,
    headers,
    payload: JSON.stringify(data),
  });
}

const room = 'call-7-aaaabbbbcccc';

/** A call as the backup has it: its dial was sent, nothing more is known. */
async function restore(): Promise<void> {
  await database.query(`truncate leads, calls, dials, call_facts, call_tracker_outbox cascade`);
  await database.query(`insert into leads (id, name, phone, source) values (3, 'Asha', '+919812345678', 'website')`);
  await database.query(
    `insert into calls (id, lead_id, name, phone, source, call_room, attempt, agent_mode, call_started_at)
     values (7, 3, 'Asha', '+919812345678', 'website', $1, 1, 'sarvam', clock_timestamp() - interval '1 minute')`,
    [room],
  );
  await database.query(
    `insert into dials (call_id, lead_id, attempt, phone, owner, claimed_at, sent_at)
     values (7, 3, 1, '+919812345678', 'test', clock_timestamp() - interval '1 minute', clock_timestamp() - interval '1 minute')`,
  );
}

const call = async (): Promise<{ status: string; qualification: object | null; do_not_call: boolean | null }> => {
  const [found] = await database.query<{ status: string; qualification: object | null; do_not_call: boolean | null }>(
    `select status, qualification, do_not_call from calls where id = 7`,
  );
  if (found === undefined) throw new Error('the call is gone');
  return found;
};

test('a call that the backup has as going on hears once more what dials and agents told since', async () => {
  await restore();
  const [dispatcher, agent] = [await nats.connect('dispatcher'), await nats.connect('agent')];
  const about = { leadId: 3, source: 'website', room, callId: 7 };
  await publish(dispatcher, 'call.answered', { ...about, answeredAt: new Date().toISOString(), sipCallId: 'SCL_1' });
  await publish(agent, 'agent.qualified', { room, mode: 'sarvam', qualification: { location: 'Pune' } });
  await publish(agent, 'agent.qualified', { room: 'call-7', mode: 'sarvam', qualification: { location: 'elsewhere' } });
  await publish(agent, 'agent.ended', { room, endedBy: 'callee', doNotCall: true, callbackAt: null });
  await publish(agent, 'agent.ended', { room: 5 });
  await until('all was heard the first time', async () => (await call()).do_not_call === true);

  await restore();
  const ops = await nats.connect('ops');
  const told = await ask(
    ops,
    reconcile['call-tracker'],
    { who: 'asha', reason: 'restored last night’s backup' },
    20_000,
  );
  expect(told.heardAgain).toBe(3);
  expect(await call()).toMatchObject({ qualification: { location: 'Pune' }, do_not_call: true });
  const [facts] = await database.query<{ dial_result: { kind: string } | null }>(
    `select dial_result from call_facts where call_id = 7`,
  );
  expect(facts?.dial_result?.kind).toBe('answered');
});
