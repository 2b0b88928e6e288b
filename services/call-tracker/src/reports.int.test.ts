import { erase } from '@leadline/contracts/commands/erase';
import { toHeaders } from '@leadline/contracts/envelope';
import { readAgentReport } from '@leadline/contracts/to-agent-report';
import type { Nats } from '@leadline/messaging/connect';
import { ask } from '@leadline/messaging/ask';
import { discard, listDeadLetters, redrive, type DeadLetterView } from '@leadline/messaging/redrive';
import { storeMessage } from '@leadline/messaging/stored-message';
import { streamOf } from '@leadline/messaging/topology';
import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { testKeys, testSettings } from '@leadline/world/test-settings';
import { silentLog } from '@leadline/testing/silent-log';
import { until } from '@leadline/testing/until';
import fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { emptyLiveKit, openDeps } from '../test/open-deps.ts';
import { readCallTrackerConfig } from './config.ts';
import type { Deps } from './deps.ts';
import { trackReport } from './on-agent-reported.ts';
import { settleDueCalls } from './settle-due-calls.ts';
import { start, type CallTracker } from './start.ts';
import { trackRoom } from './track-call.ts';

let database: TestDatabase;
let nats: TestNats;
let agent: Nats;
let ops: Nats;
let tracker: CallTracker;
let deps: Deps;
let shiftMs = 0;

const policy = {
  ringMs: 30_000,
  maxCallMs: 600_000,
  minTalkMs: 5_000,
  reportGraceMs: 90_000,
  providerRingMs: 240_000,
  latestInviteMs: 65_000,
  agentWaitMs: 10_000,
  maxTakeovers: 3,
};

beforeAll(async () => {
  database = await testDatabase();
  nats = await testNats();
  agent = await nats.connect('agent');
  ops = await nats.connect('ops');
  const postgres = await database.open('callTracker');
  const now = (databaseTime: Date): Date => new Date(databaseTime.getTime() + shiftMs);
  const config = readCallTrackerConfig(testSettings('callTracker', { db: database, nats }));
  const around = { postgres, nats: await nats.connect('call-tracker'), livekit: emptyLiveKit, now, log: silentLog };
  tracker = await start(config, around);
  deps = openDeps({ database, ...around, policy });
});

afterAll(async () => {
  await tracker.stop();
  await nats.close();
  await database.drop();
});

beforeEach(() => {
  shiftMs = 0;
});

type Seeded = { callId: number; room: string };

/** A call whose phone has been dialled. */
async function aCall(phone = '+919812345678'): Promise<Seeded> {
  const [lead] = await database.query<{ id: number }>(
    `insert into leads (name, phone, source) values ('Asha', $1, 'website') returning id`,
    [phone],
  );
  const random = randomUUID().replaceAll('-', '').slice(0, 12);
  const [call] = await database.query<{ id: number; call_room: string }>(
    `with next as (select nextval('calls_id_seq') as id)
     insert into calls (id, lead_id, name, phone, source, call_room, attempt, agent_mode, call_started_at)
     select id, $1, 'Asha', $2, 'website', 'call-' || id || '-' || $3, 1, 'sarvam', clock_timestamp()
       from next returning id, call_room`,
    [lead?.id, phone, random],
  );
  await database.query(
    `insert into dials (call_id, lead_id, attempt, phone, owner, claimed_at, sent_at)
     values ($1, $2, 1, $3, 'test', clock_timestamp(), clock_timestamp())`,
    [call?.id, lead?.id, phone],
  );
  return { callId: call?.id ?? 0, room: call?.call_room ?? '' };
}

type Row = Record<string, unknown>;
async function rowOf(call: Seeded): Promise<Row> {
  const [row] = await database.query<Row>(
    `select c.status, c.failure_reason, c.qualification, c.agent_mode, c.do_not_call, f.ended_by, f.callback_at,
            f.callback_words, f.unread_fields, f.agent_ended_at, f.report_held_at, f.report_held_seq, f.do_not_call_at,
            f.answered_by, f.answered_after_ms, f.answered_detail, f.message_left, f.disposition, f.language
       from calls c left join call_facts f on f.call_id = c.id where c.id = $1`,
    [call.callId],
  );
  return row ?? {};
}

async function overNats(type: string, data: unknown, envelope: Record<string, string> = {}): Promise<void> {
  const id = randomUUID();
  const room = (data as { room?: string }).room ?? 'call/test';
  const headers = { ...toHeaders({ id, type, source: 'test', subject: room, time: new Date() }), ...envelope };
  const payload = typeof data === 'string' ? data : JSON.stringify(data);
  const message = { subject: type, stream: streamOf(type), messageId: id, headers, payload };
  expect(await storeMessage(agent, message)).toMatchObject({ kind: 'stored' });
}

async function overHttp(type: string, data: unknown, more: Row = {}): Promise<{ status: number; body: Row }> {
  const response = await fetch(`${tracker.url}/v1/reports`, {
    method: 'POST',
    headers: { authorization: `Bearer ${testKeys.agentKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ type, ...more, data }),
  });
  return { status: response.status, body: (await response.json()) as Row };
}

/** What was heard last over NATS has been handled: this one comes after it. */
async function untilHandled(call: Seeded): Promise<void> {
  await until('the last word is handled', async () => (await rowOf(call))['agent_ended_at'] !== null);
}

test('a request to be called back is kept as it was said, over HTTP and NATS, and the latest counts', async () => {
  for (const say of [overHttp, overNats]) {
    const call = await aCall();
    const asked = { room: call.room, words: 'kal shaam chhe baje', confirmed: true };
    await say('agent.callback_requested', { ...asked, at: '2026-12-01T18:00:00+05:30' });
    await say('agent.callback_requested', { ...asked, at: '2026-12-01T19:00:00+05:30', keptBy: 'person' });
    await say('agent.ended', { room: call.room, endedBy: 'callee' });
    await untilHandled(call);
    const [row] = await database.query<Row>(
      `select f.callback_request, f.callback_at, f.callback_heard_at is not null as is_dated, c.qualification
         from call_facts f join calls c on c.id = f.call_id where f.call_id = $1`,
      [call.callId],
    );
    expect(row).toMatchObject({
      callback_request: { words: 'kal shaam chhe baje', at: '2026-12-01T13:30:00.000Z', keptBy: 'person' },
      callback_at: new Date('2026-12-01T13:30:00Z'),
      is_dated: true,
      // Else nobody would tell the sales team of it.
      qualification: { callback: 'kal shaam chhe baje' },
    });
  }
});

describe('each field of a report by itself', () => {
  const wish = { endedBy: 'callee', doNotCall: true, callbackAt: null };
  test.for<[string, Row, Row]>([
    ['a time in words', { callbackAt: 'tomorrow 5 pm' }, { callback_at: null, callback_words: 'tomorrow 5 pm' }],
    ['an Indian time', { callbackAt: '2026-12-01T17:00:00' }, { callback_at: new Date('2026-12-01T11:30:00Z') }],
    [
      'a time before all our days',
      { callbackAt: '0001-01-01T00:00:00+05:30' },
      { callback_at: null, callback_words: null },
    ],
    ['true as a text', { doNotCall: 'true' }, { ended_by: 'callee' }],
    ['haan', { doNotCall: 'haan ji' }, { ended_by: 'callee' }],
    ['another word for who ended', { endedBy: 'user' }, { ended_by: 'callee' }],
    ['no word for who ended', { endedBy: { by: 'elephant' } }, { ended_by: null }],
    ['no time at all', { callbackAt: undefined }, {}],
    ['a wish under another name', { doNotCall: undefined, do_not_call: 1 }, {}],
  ])('do not call, with %s, over HTTP and NATS', async ([_name, spoiled, kept]) => {
    for (const say of [overHttp, overNats]) {
      const call = await aCall();
      await say('agent.ended', { room: call.room, ...wish, ...spoiled });
      await untilHandled(call);
      expect(await rowOf(call)).toMatchObject({ do_not_call: true, ...kept });
    }
  });

  test('who answered and what became of it are kept, over HTTP and NATS', async () => {
    for (const say of [overHttp, overNats]) {
      const call = await aCall();
      await say('agent.answered_by', {
        room: call.room,
        category: 'machine-vm',
        afterMs: 3200,
        detail: 'asha here',
        messageLeft: 1,
      });
      await say('agent.ended', { room: call.room, endedBy: 'agent', disposition: 'Language barrier (Tamil)' });
      await untilHandled(call);
      await until('the verdict is handled', async () => (await rowOf(call))['answered_by'] !== null);
      expect(await rowOf(call)).toMatchObject({
        answered_by: 'voicemail',
        answered_after_ms: 3200,
        answered_detail: 'asha here',
        message_left: true,
        disposition: 'language_barrier',
        language: 'Tamil',
      });
    }
  });

  test('lists, objects and words for nothing, over HTTP and NATS', async () => {
    for (const say of [overHttp, overNats]) {
      const call = await aCall();
      const first = {
        budget: '8 lakh',
        machine_interest: ['cup machine', 'plate machine'],
        location: { city: 'Pune' },
      };
      await say('agent.qualified', { room: call.room, mode: 'sarvam', qualification: first });
      const second = { budget: 'not specified', location: null, seriousness: 'N/A', ['own\u0000brand']: 'x\ud800' };
      await say('agent.qualified', { room: call.room, mode: 'parrot', qualification: second });
      await say('agent.ended', { room: call.room, endedBy: 'callee', doNotCall: false });
      await untilHandled(call);
      await until('all answers', async () => 'ownbrand' in ((await rowOf(call))['qualification'] as Row));
      expect(await rowOf(call)).toMatchObject({
        do_not_call: null,
        agent_mode: 'sarvam',
        qualification: {
          budget: '8 lakh',
          machine_interest: 'cup machine, plate machine',
          location: 'city: Pune',
          ownbrand: 'x\ufffd',
        },
        unread_fields: { mode: [expect.any(String)] },
      });
    }
  });

  test('the author of the agent is told over HTTP, a repeat counts once, and the call tells how often', async () => {
    const call = await aCall();
    const ended = { room: call.room, endedBy: 'elephant', doNotCall: 'perhaps', callbackAt: 'kal shaam ko' };
    const time = new Date().toISOString();
    for (let repeat = 0; repeat < 2; repeat++) {
      expect(await overHttp('agent.ended', ended, { time })).toMatchObject({
        status: 202,
        body: {
          accepted: true,
          fields: [
            { pointer: '/data/endedBy', outcome: 'dropped' },
            { pointer: '/data/doNotCall', outcome: 'guessed' },
            { pointer: '/data/callbackAt', outcome: 'words' },
          ],
        },
      });
    }
    expect((await overHttp('agent.ended', ended, { time: '0001-01-01T00:00:00Z' })).body['fields']).toContainEqual(
      expect.objectContaining({ pointer: '/time', outcome: 'dropped' }),
    );
    const row = await rowOf(call);
    expect(row).toMatchObject({ do_not_call: true, callback_words: 'kal shaam ko' });
    expect(row['unread_fields']).toMatchObject({ endedBy: [time, expect.any(String)], time: [expect.any(String)] });
  });

  test('a report is refused only where its type or its room can not be read', async () => {
    const call = await aCall();
    expect(await overHttp('agent.slept', { room: call.room })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/type' }] },
    });
    expect(await overHttp('agent.ended', { room: 7, doNotCall: true })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/data/room' }] },
    });
    expect((await overHttp('agent.ended', { room: `${call.room}\u0000` })).status).toBe(202);
  });

  test('a report whose room and wish are written otherwise counts, over HTTP and NATS', async () => {
    for (const over of [overNats, overHttp]) {
      const [one, other] = [await aCall(), await aCall()];
      await over('agent.ended', { ROOM: one.room, Do_Not_Call: 'YES' });
      await over('agent.ended', [{ room: other.room, doNotCall: 1 }]);
      for (const call of [one, other])
        expect(await until('the wish is heard', async () => (await rowOf(call))['do_not_call'] === true)).toBe(true);
    }
  });

  test('a time that can not be read costs an agent over NATS nothing', async () => {
    const call = await aCall();
    await overNats('agent.ended', { room: call.room, endedBy: 'user', doNotCall: 'yes' }, { 'ce-time': 'yesterday' });
    await untilHandled(call);
    expect(await rowOf(call)).toMatchObject({ do_not_call: true, unread_fields: { time: [expect.any(String)] } });
  });

  test('one field spoiled with anything: the others count, over NATS as over HTTP', async () => {
    const good: Row = { endedBy: 'callee', doNotCall: 'haan', callbackAt: '2026-12-01T17:00:00' };
    const spoilt = fc.tuple(fc.constantFrom(...Object.keys(good)), fc.jsonValue({ stringUnit: 'binary' }));
    await fc.assert(
      fc.asyncProperty(spoilt, async ([field, value]) => {
        const heard: Row[] = [];
        for (const say of [overHttp, overNats]) {
          const call = await aCall();
          await say('agent.ended', { room: call.room, ...good, [field]: value });
          await untilHandled(call);
          const { ended_by, do_not_call, callback_at, callback_words, unread_fields } = await rowOf(call);
          heard.push({ ended_by, do_not_call, callback_at, callback_words, unread: Object.keys(unread_fields ?? {}) });
          if (field !== 'doNotCall') expect(do_not_call).toBe(true);
          if (field !== 'endedBy') expect(ended_by).toBe('callee');
          if (field !== 'callbackAt') expect(callback_at).toEqual(new Date('2026-12-01T11:30:00Z'));
        }
        expect(heard[0]).toEqual(heard[1]);
      }),
      { numRuns: 12 },
    );
  });
});

describe('whatever is reported', () => {
  const anything = fc.jsonValue({ stringUnit: 'binary', maxDepth: 3 });
  const names = fc.constantFrom('mode', 'qualification', 'endedBy', 'doNotCall', 'callbackAt');
  const report = fc.record({
    type: fc.constantFrom('agent.ready', 'agent.qualified', 'agent.ended'),
    data: fc.oneof(
      fc.dictionary(names, anything),
      fc.record(
        { qualification: fc.dictionary(fc.string({ unit: 'binary' }), anything), callbackAt: fc.date() },
        { requiredKeys: [] },
      ),
    ),
    at: fc.date({ min: new Date('2000-01-01T00:00:00Z'), max: new Date('2099-12-31T23:59:59Z'), noInvalidDate: true }),
  });

  test('is stored, read back and told: its call ends', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(report, { minLength: 1, maxLength: 3 }), async (reports) => {
        shiftMs = 0;
        const call = await aCall();
        for (const { type, data, at } of reports) {
          const read = readAgentReport(type, JSON.parse(JSON.stringify({ ...data, room: call.room })));
          if (!read.ok) throw new Error('it names its room');
          expect(await trackReport({ report: read.report, notes: read.notes, at }, deps)).toBe('tracked');
        }
        shiftMs = 3_600_000;
        await trackRoom(call.room, { kind: 'due' }, deps);
        expect((await rowOf(call))['status']).toMatch(/called|failed/);
        const told = await database.query<Row>(
          `select payload from call_tracker_outbox where aggregate = $1 and subject = 'call.ended'`,
          [`call/${call.callId}`],
        );
        expect(told).toHaveLength(1);
      }),
      { numRuns: 60 },
    );
  });
});

describe('a call whose step fails', () => {
  test('ends all the same where a hand wrote what nobody can read', async () => {
    const call = await aCall();
    await database.query(
      `insert into call_facts (call_id, leg_joined_at, leg_left_at, ever_answered, callback_at, answer_times, unread_fields, settle_at)
       values ($1, clock_timestamp(), clock_timestamp(), true, '0001-01-01 00:00:00 BC', '[]', '"x"', clock_timestamp())`,
      [call.callId],
    );
    await database.query(`update calls set qualification = '["odd"]' where id = $1`, [call.callId]);
    shiftMs = 3_600_000;
    await trackRoom(call.room, { kind: 'due' }, deps);
    expect(await rowOf(call)).toMatchObject({ status: 'failed', qualification: ['odd'], callback_at: null });
  });

  test('again and again is stepped without what its agent said, and keeps that', async () => {
    const call = await aCall();
    const { room } = call;
    await overHttp('agent.qualified', { room, mode: 'sarvam', qualification: { budget: '8 lakh' } });
    await overHttp('agent.ended', { room, endedBy: 'callee', callbackAt: '2026-12-01T17:00:00' });
    await database.query(
      `create function refuse_it() returns trigger language plpgsql as $$ begin raise exception 'unsound'; end $$`,
    );
    await database.query(
      `create trigger refuse_wishes before update of callback_at on call_facts for each row
         when (new.call_id = ${call.callId}) execute function refuse_it()`,
    );
    shiftMs = 3_600_000;
    await until('it ends', async () => {
      await settleDueCalls(deps, new AbortController().signal);
      return (await rowOf(call))['status'] === 'called';
    });
    await database.query(`drop trigger refuse_wishes on call_facts`);
    expect(await rowOf(call)).toMatchObject({
      qualification: { budget: '8 lakh' },
      callback_at: new Date('2026-12-01T11:30:00Z'),
    });
  });
});

/** A last word that can't be read: a dead letter, which holds the number. */
async function brokenLastWord(call: Seeded): Promise<DeadLetterView> {
  const known = await listDeadLetters(ops, { durable: 'call-tracker-agent' });
  await overNats('agent.ended', `{"room":"${call.room}","doNotCall":tru`, { 'ce-subject': call.room });
  const letter = await until('a dead letter', async () =>
    (await listDeadLetters(ops, { durable: 'call-tracker-agent' })).find(
      ({ seq, payload }) => String(payload).includes(call.room) && !known.some((one) => one.seq === seq),
    ),
  );
  await until('its number is held', async () => Number((await rowOf(call))['report_held_seq']) === letter.seq);
  return letter;
}

describe('a last word that nobody could hear', () => {
  const released = (call: Seeded) =>
    until('the number is let go', async () => (await rowOf(call))['report_held_at'] === null);

  test('holds the number until somebody discards it', async () => {
    const call = await aCall();
    const letter = await brokenLastWord(call);
    await discard(ops, { seq: letter.seq, who: 'asha', reason: 'it was a test' });
    await released(call);
    expect(await listDeadLetters(ops, { redriven: false })).not.toContainEqual(
      expect.objectContaining({ seq: letter.seq }),
    );
  });

  test('holds the number until it is repaired and sent back, and then is heard', async () => {
    const call = await aCall();
    const letter = await brokenLastWord(call);
    await redrive(ops, { seq: letter.seq, who: 'asha', payload: { room: call.room, doNotCall: 'yes' } });
    await released(call);
    expect(await until('the wish is heard', async () => (await rowOf(call))['do_not_call'] === true)).toBe(true);
  });

  test('holds the number although another one was looked at, or one was heard', async () => {
    const call = await aCall();
    const first = await brokenLastWord(call);
    const second = await brokenLastWord(call);
    await discard(ops, { seq: second.seq, who: 'asha', reason: 'it was a test' });
    await overHttp('agent.ended', { room: call.room, endedBy: 'agent' });
    await until('the first holds it again', async () => Number((await rowOf(call))['report_held_seq']) === first.seq);
    expect(await rowOf(call)).toMatchObject({ report_held_at: expect.any(Date) });
    await discard(ops, { seq: first.seq, who: 'asha', reason: 'it was a test' });
    await released(call);
  });

  test('holds from then on, also where an earlier one was let go by whoever took the number off the list', async () => {
    const call = await aCall();
    await brokenLastWord(call);
    const earlier = Number((await rowOf(call))['report_held_at']);
    await brokenLastWord(call);
    expect(Number((await rowOf(call))['report_held_at'])).toBeGreaterThan(earlier);
  });
});

describe('a wish that is said again', () => {
  const heardAt = async (call: Seeded) => Number((await rowOf(call))['do_not_call_at']);

  test('counts anew, also where the first was told by a clock that runs ahead', async () => {
    const call = await aCall();
    await overHttp('agent.ended', { room: call.room, doNotCall: true }, { time: '2099-12-31T00:00:00Z' });
    const first = await heardAt(call);
    await overHttp('agent.qualified', { room: call.room, doNotCall: true }, { time: new Date().toISOString() });
    expect(await heardAt(call)).toBeGreaterThan(first);
  });

  test('in the same report counts once, whatever its clock says', async () => {
    for (const time of ['2026-11-30T10:00:00Z', '2099-12-31T00:00:00Z']) {
      const call = await aCall();
      await overHttp('agent.ended', { room: call.room, doNotCall: true }, { time });
      const first = await heardAt(call);
      await overHttp('agent.ended', { room: call.room, doNotCall: true }, { time });
      expect(await heardAt(call)).toBe(first);
    }
  });
});

describe('after its person was erased', () => {
  test('a last report that nobody had heard counts as a wish', async () => {
    const call = await aCall('+919812349876');
    await brokenLastWord(call);
    const eraseAll = (dryRun: boolean) =>
      ask(ops, erase['call-tracker'], { phone: '9812349876', who: 'asha', reason: 'asked for it', dryRun });
    expect((await eraseAll(true)).left).toHaveLength(1);
    expect(await rowOf(call)).toMatchObject({ do_not_call: null });
    expect((await eraseAll(false)).left).toEqual([expect.stringContaining('nobody had heard')]);
    const row = await rowOf(call);
    expect(row).toMatchObject({ do_not_call: true });
    expect(row['do_not_call_at']).toEqual(row['report_held_at']);
  });

  test('a last report that somebody looked at is none', async () => {
    const call = await aCall('+919812349877');
    const letter = await brokenLastWord(call);
    await discard(ops, { seq: letter.seq, who: 'asha', reason: 'it was a test' });
    const asked = { phone: '9812349877', who: 'asha', reason: 'asked for it', dryRun: false };
    expect((await ask(ops, erase['call-tracker'], asked)).left).toEqual([]);
    expect(await rowOf(call)).toMatchObject({ do_not_call: null });
  });

  test('words about who answered are gone, from the call and from the stream; that a machine did stays', async () => {
    const call = await aCall('+919812349878');
    const { room } = call;
    await overNats('agent.answered_by', { room, category: 'voicemail', detail: 'Asha is not here', messageLeft: true });
    await overNats('agent.answered_by', { room, category: 'voicemail', messageLeft: true });
    await overNats('agent.ended', { room, endedBy: 'agent', disposition: 'no_conversation' });
    await untilHandled(call);
    await until('the verdict is handled', async () => (await rowOf(call))['answered_by'] !== null);
    await database.query(`update calls set status = 'failed', failure_reason = 'unanswered' where id = $1`, [
      call.callId,
    ]);
    const asked = { phone: '9812349878', who: 'asha', reason: 'asked for it', dryRun: false };
    expect((await ask(ops, erase['call-tracker'], asked)).counts).toMatchObject({ reports: 1 });
    const kept = {
      answered_by: 'voicemail',
      answered_detail: null,
      message_left: true,
      disposition: 'no_conversation',
    };
    expect(await rowOf(call)).toMatchObject(kept);
    await overHttp('agent.answered_by', { room, category: 'voicemail', detail: 'Asha is not here' });
    expect(await rowOf(call)).toMatchObject(kept);
  });

  test('a call takes a wish, and nothing else that was said', async () => {
    const call = await aCall();
    await database.query(`update calls set phone = 'erased' where id = $1`, [call.callId]);
    await overHttp('agent.qualified', { room: call.room, mode: 'sarvam', qualification: { budget: '8 lakh' } });
    await overHttp('agent.ended', { room: call.room, endedBy: 'user', doNotCall: 'yes', callbackAt: 'tomorrow' });
    const row = await rowOf(call);
    expect(row).toMatchObject({ qualification: null, callback_words: null, do_not_call: true });
    expect(row['do_not_call_at']).not.toBeNull();
  });
});
