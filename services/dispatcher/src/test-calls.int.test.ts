import { addDoNotCall } from '@leadline/contracts/commands/do-not-call';
import { stopDialling } from '@leadline/contracts/commands/dialling';
import { callAgain } from '@leadline/contracts/commands/lead';
import { explainTestCall } from '@leadline/contracts/commands/test-call';
import { testCallSource } from '@leadline/contracts/test-call';
import { ask } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { noon, openDeps, startOver } from '../test/open-deps.ts';
import { answerCommands } from './answer-commands.ts';
import { claimDueLeads, type Claim } from './claim-due-leads.ts';
import type { Deps } from './deps.ts';
import { keepPromises } from './keep-promises.ts';
import { permitDial } from './permit-dial.ts';
import { revokeDial } from './revoke-dial.ts';
import { settleCall } from './settle-lead.ts';

// Leads of `leadline test-call` on a real Postgres.
let database: TestDatabase;
let nats: TestNats;
let deps: Deps;
let ops: Nats;
let shiftMs = 0;

const own = '+919000000042';

beforeAll(async () => {
  database = await testDatabase();
  nats = await testNats();
  deps = await openDeps({ database, nats }, () => shiftMs, { TEST_NUMBERS: own, CONTACT_PAUSE_HOURS: '24' });
  ops = await nats.connect('ops');
  await answerCommands(deps, () => undefined);
});
afterAll(async () => {
  await nats.close();
  await database.drop();
});
beforeEach(async () => {
  shiftMs = noon - Date.now();
  await startOver(database);
});

/** As ingest leaves it. */
async function addTest(phone = own, ageSeconds = 1): Promise<number> {
  const [lead] = await database.query<{ id: number }>(
    `with l as (insert into leads (name, phone, source, created_at) values ('Test call', $1, $2, $3) returning id)
     insert into lead_origins (lead_id, is_test) select id, true from l returning lead_id as id`,
    [phone, testCallSource, new Date(Date.now() + shiftMs - ageSeconds * 1_000)],
  );
  return lead?.id ?? 0;
}
const claims = (): Promise<Claim[]> => claimDueLeads(deps, 10);
async function claimed(): Promise<Claim> {
  const [claim] = await claims();
  if (claim === undefined) throw new Error('nothing was claimed');
  return claim;
}
const stateOf = async (id: number): Promise<unknown> =>
  (await database.query(`select status, failure_reason from leads where id = $1`, [id]))[0];
const endCall = (callId: number, status: string, reason: string | null): Promise<unknown> =>
  database.query(
    `update calls set status = $2, failure_reason = $3, updated_at = clock_timestamp(),
            qualification = case when $2 = 'called' then '{"budget": "8 lakh"}'::jsonb end where id = $1`,
    [callId, status, reason],
  );
const verdict = (phone = own) => ask(ops, explainTestCall, { phone });

test('it is rung once: no retry follows, nor one more by a person', async () => {
  const id = await addTest();
  const claim = await claimed();
  expect(claim).toMatchObject({ leadId: id, attempt: 1, phone: own });
  expect((await permitDial(claim, deps)).kind).toBe('permitted');
  await endCall(claim.callId, 'failed', 'unanswered');
  await settleCall(claim.callId, deps);
  expect(await stateOf(id)).toEqual({ status: 'failed', failure_reason: 'test_call_over' });
  await expect(ask(ops, callAgain, { leadId: id, who: 'asha', reason: 'x' })).rejects.toThrow('rings once');
  shiftMs += 3_600_000;
  expect(await claims()).toEqual([]);
});

test('a dial that was put back, as by a dispatcher that died, is not repeated', async () => {
  const id = await addTest();
  const claim = await claimed();
  await revokeDial(claim.callId, { putBack: 'dispatcher_lost' }, deps);
  await endCall(claim.callId, 'failed', 'dispatch_failed');
  await settleCall(claim.callId, deps);
  expect(await stateOf(id)).toEqual({ status: 'failed', failure_reason: 'test_call_over' });
});

test('a retry that an older dispatcher set is refused', async () => {
  const id = await addTest();
  const claim = await claimed();
  await endCall(claim.callId, 'failed', 'unanswered');
  await database.query(`update dials set decided_at = now(), decided_as = 'failed' where call_id = $1`, [claim.callId]);
  await database.query(`update leads set status = 'new', retry_after = null, retry_count = 1 where id = $1`, [id]);
  expect(await claims()).toEqual([]);
  expect(await stateOf(id)).toEqual({ status: 'failed', failure_reason: 'test_call_over' });
});

test('only a number of the list is rung, even where the command did not look; and an opt-out beats the list', async () => {
  const other = await addTest('+919000000043');
  expect(await claims()).toEqual([]);
  expect(await stateOf(other)).toMatchObject({ failure_reason: 'not_a_test_number' });
  expect(await verdict('+919000000043')).toMatchObject({ kind: 'refuse', reason: 'not_a_test_number', testNumbers: 1 });
  await ask(ops, addDoNotCall, { phone: own, who: 'asha', reason: 'x' });
  const mine = await addTest();
  expect(await verdict()).toMatchObject({ kind: 'refuse', reason: 'do_not_call' });
  expect(await claims()).toEqual([]);
  expect(await stateOf(mine)).toMatchObject({ failure_reason: 'do_not_call' });
});

test('a number that is taken off the list between claim and permit is not rung', async () => {
  await addTest();
  const claim = await claimed();
  const without = { ...deps, policy: { ...deps.policy, testNumbers: [] } };
  expect(await permitDial(claim, without)).toEqual({ kind: 'refused', reason: 'not_a_test_number' });
});

test('outside of the window and behind the stop switch it is told why, and not left to wait', async () => {
  shiftMs += 10 * 3_600_000;
  expect(await verdict()).toMatchObject({ kind: 'wait', reason: 'window_shut', until: '2026-11-25T03:30:00.000Z' });
  const late = await addTest();
  expect(await claims()).toEqual([]);
  expect(await stateOf(late)).toEqual({ status: 'failed', failure_reason: 'window_shut' });
  shiftMs -= 10 * 3_600_000;
  await ask(ops, stopDialling, { who: 'asha', reason: 'x' });
  expect(await verdict()).toMatchObject({ kind: 'wait', reason: 'stopped', until: null });
  const stopped = await addTest();
  expect(await claims()).toEqual([]);
  expect(await stateOf(stopped)).toMatchObject({ failure_reason: 'stopped' });
});

test('one that nobody took for two minutes does not ring any more', async () => {
  const id = await addTest(own, 121);
  expect(await claims()).toEqual([]);
  expect(await stateOf(id)).toMatchObject({ failure_reason: 'test_call_late' });
});

test('the command twice rings once', async () => {
  const [first, second] = [await addTest(), await addTest()];
  expect((await claims()).map(({ leadId }) => leadId)).toEqual([first]);
  expect(await stateOf(second)).toMatchObject({ failure_reason: 'number_in_use' });
  expect(await verdict()).toMatchObject({ kind: 'wait', reason: 'number_in_use' });
});

test('the question stores nothing and reads any way of writing a number', async () => {
  expect(await verdict('90000 00042')).toMatchObject({ kind: 'dial', mode: 'sarvam' });
  await expect(verdict('12345')).rejects.toThrow('phone: not an Indian mobile number');
  expect(await database.query(`select id from leads`)).toEqual([]);
});

test('what was said in it counts for no lead: it pauses no other, promises nothing, and may be repeated', async () => {
  const id = await addTest();
  const claim = await claimed();
  await database.query(
    `insert into call_facts (call_id, callback_request, callback_heard_at, number_free_at, slot_free_at)
     values ($1, $2, $3, $3, $3)`,
    [
      claim.callId,
      JSON.stringify({
        words: 'at six',
        at: new Date(noon + 6 * 3_600_000).toISOString(),
        precision: 'exact',
        confirmed: true,
        askedBy: 'buyer',
        keptBy: 'agent',
        saidAt: new Date(noon).toISOString(),
      }),
      new Date(noon),
    ],
  );
  await endCall(claim.callId, 'called', null);
  await settleCall(claim.callId, deps);
  await keepPromises(deps);
  expect(await database.query(`select state, why from callbacks`)).toEqual([
    { state: 'cancelled', why: 'test_call_over' },
  ]);
  expect(await stateOf(id)).toMatchObject({ status: 'dispatched' });
  // Its number enquires like any other, and is rung at once.
  const [lead] = await database.query<{ id: number }>(
    `insert into leads (name, phone, source, created_at) values ('Asha', $1, 'website', $2) returning id`,
    [own, new Date(Date.now() + shiftMs)],
  );
  expect((await claims()).map(({ leadId }) => leadId)).toEqual([lead?.id]);
});
