import { toHeaders } from '@leadline/contracts/envelope';
import type { Database } from '@leadline/database/open-database';
import type { Nats } from '@leadline/messaging/connect';
import { listDeadLetters, redrive } from '@leadline/messaging/redrive';
import { storeMessage } from '@leadline/messaging/stored-message';
import { streamOf } from '@leadline/messaging/topology';
import { legIdentity, type Look } from '@leadline/telephony/livekit';
import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { testKeys, testSettings } from '@leadline/world/test-settings';
import { silentLog } from '@leadline/testing/silent-log';
import { until } from '@leadline/testing/until';
import { createHash, createHmac, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readCallTrackerConfig } from './config.ts';
import { start, type CallTracker } from './start.ts';

const { agentKey } = testKeys;

let database: TestDatabase;
let nats: TestNats;
let dispatcher: Nats;
let agent: Nats;
let trackers: CallTracker[];
/** How far the tests have moved the database's clock. */
let shiftMs = 0;
/** What LiveKit shows, by room; rooms that are not here are unknown to it. */
const shown = new Map<string, Look>();
let ended: string[] = [];
/** The jobs of agents that were sent to take over, by their room. */
let takenOver: { room: string; job: unknown }[] = [];
let takenOut: string[] = [];
let firstJob: string | undefined;
/** Runs after each COMMIT, and may lose its answer by throwing. */
let afterCommit: () => void = () => undefined;

beforeAll(async () => {
  database = await testDatabase();
  nats = await testNats();
  dispatcher = await nats.connect('dispatcher');
  agent = await nats.connect('agent');
  trackers = [await startTracker(), await startTracker()];
});

afterAll(async () => {
  await Promise.all(trackers.map((tracker) => tracker.stop()));
  await nats.close();
  await database.drop();
});

beforeEach(() => {
  shiftMs = 0;
  ended = [];
  takenOver = [];
  takenOut = [];
  firstJob = undefined;
  afterCommit = () => undefined;
});

afterEach(() => shown.clear());

async function startTracker(): Promise<CallTracker> {
  const postgres = await database.open('callTracker');
  const losing: Database = {
    ...postgres,
    async transaction(work) {
      const result = await postgres.transaction(work);
      afterCommit();
      return result;
    },
  };
  const config = readCallTrackerConfig(testSettings('callTracker', { db: database, nats }));
  return start(config, {
    postgres: losing,
    nats: await nats.connect('call-tracker'),
    livekit: {
      look: async (room) => shown.get(room) ?? { leg: undefined, agentPresent: false },
      endRoom: async (room) => {
        ended.push(room);
        shown.delete(room);
      },
      readJob: async () => firstJob,
      takeOut: async (_room, identity) => void takenOut.push(identity),
      replaceAgent: async (room, metadata) => {
        takenOver.push({ room, job: JSON.parse(metadata) });
      },
    },
    now: (databaseTime) => new Date(databaseTime.getTime() + shiftMs),
    log: silentLog,
  });
}

type Seeded = { callId: number; leadId: number; room: string };

/** A call as the dispatcher leaves it after its permit (or, unsent, before). */
async function aCall(sent = true): Promise<Seeded> {
  const [lead] = await database.query<{ id: number }>(
    `insert into leads (name, phone, source) values ('Asha', '+919812345678', 'website') returning id`,
  );
  const leadId = lead?.id ?? 0;
  const random = randomUUID().replaceAll('-', '').slice(0, 12);
  const [call] = await database.query<{ id: number; call_room: string }>(
    `with next as (select nextval('calls_id_seq') as id)
     insert into calls (id, lead_id, name, phone, source, call_room, attempt, agent_mode, call_started_at)
     select id, $1, 'Asha', '+919812345678', 'website', 'call-' || id || '-' || $2, 1, 'sarvam', clock_timestamp()
       from next returning id, call_room`,
    [leadId, random],
  );
  const callId = call?.id ?? 0;
  await database.query(
    `insert into dials (call_id, lead_id, attempt, phone, owner, claimed_at, sent_at)
     values ($1, $2, 1, '+919812345678', 'test', clock_timestamp(), ${sent ? 'clock_timestamp()' : 'null'})`,
    [callId, leadId],
  );
  return { callId, leadId, room: call?.call_room ?? '' };
}

type CallRow = {
  status: string;
  failure_reason: string | null;
  qualification: Record<string, string> | null;
  agent_mode: string | null;
  answered_at: Date | null;
  call_started_at: Date;
  call_ended_at: Date | null;
  duration_seconds: number | null;
  do_not_call: boolean | null;
  sip_status: number | null;
};

async function callRow(call: Seeded): Promise<CallRow> {
  const [row] = await database.query<CallRow>(`select * from calls where id = $1`, [call.callId]);
  if (row === undefined) throw new Error('the call is gone');
  return row;
}

async function told(call: Seeded): Promise<string[]> {
  const rows = await database.query<{ subject: string }>(
    `select subject from call_tracker_outbox where aggregate = $1 order by seq`,
    [`call/${call.callId}`],
  );
  return rows.map(({ subject }) => subject);
}

const becomes = (call: Seeded, status: string): Promise<CallRow> =>
  until(`call ${call.callId} becomes ${status}`, async () => {
    const row = await callRow(call);
    return row.status === status ? row : undefined;
  });

/** Waits until a column of the call is filled. */
const filled = (call: Seeded, column: keyof CallRow): Promise<unknown> =>
  until(`${column} of call ${call.callId} is filled`, async () => (await callRow(call))[column] !== null);

type FactsRow = Record<string, unknown> & {
  last_look: { seen: string } | null;
  takeovers: { cameAt: string | null }[] | null;
};
const facts = async (call: Seeded): Promise<FactsRow | undefined> =>
  (await database.query<FactsRow>(`select * from call_facts where call_id = $1`, [call.callId]))[0];

/** Publishes as the service or agent would; a new message id each time, so that nothing is swallowed on the way. */
async function publish(from: Nats, subject: string, data: unknown, time = new Date()): Promise<void> {
  const id = randomUUID();
  const headers = toHeaders({ id, type: subject, source: 'test', subject: 'call/test', time });
  const message = { subject, stream: streamOf(subject), messageId: id, headers, payload: JSON.stringify(data) };
  expect(await storeMessage(from, message)).toMatchObject({ kind: 'stored' });
}

const dialReport = (call: Seeded, type: string, data: Record<string, unknown> = {}): Promise<void> =>
  publish(dispatcher, type, { leadId: call.leadId, source: 'website', room: call.room, callId: call.callId, ...data });
const answered = (call: Seeded, at = new Date()): Promise<void> =>
  dialReport(call, 'call.answered', { answeredAt: at.toISOString(), sipCallId: 'SCL_test' });
const refused = (call: Seeded): Promise<void> =>
  dialReport(call, 'call.dial_failed', { reason: 'rejected', sipStatus: 486, rang: 'yes', numberFree: true });
const qualified = (call: Seeded, qualification: Record<string, string | null>, time = new Date()): Promise<void> =>
  publish(agent, 'agent.qualified', { room: call.room, mode: 'openai_realtime', qualification }, time);
const agentEnded = (call: Seeded, doNotCall = false): Promise<void> =>
  publish(agent, 'agent.ended', { room: call.room, endedBy: 'callee', doNotCall, callbackAt: null });

type Webhook = { event: string; reason?: string; status?: string; id?: string; room?: string; kind?: string };

/** A webhook as LiveKit sends it: the JWT holds the checksum of the very bytes. */
function webhook(call: Seeded, about: Webhook): { body: string; authorization: string } {
  const room = about.room ?? call.room;
  const body = JSON.stringify({
    event: about.event,
    id: about.id ?? `EV_${randomUUID()}`,
    createdAt: String(Math.floor(Date.now() / 1_000)),
    room: { sid: 'RM_x', name: room, turnPassword: 'secret' },
    ...(about.event.startsWith('participant')
      ? {
          participant: {
            sid: 'PA_x',
            identity: about.kind === 'AGENT' ? 'agent-AJ_x' : legIdentity(room),
            kind: about.kind ?? 'SIP',
            attributes: { 'sip.callStatus': about.status ?? 'dialing' },
            ...(about.reason === undefined ? {} : { disconnectReason: about.reason }),
          },
        }
      : {}),
  });
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const seconds = Math.floor(Date.now() / 1_000);
  const claims = {
    iss: testKeys.liveKitKey,
    nbf: seconds - 1,
    exp: seconds + 300,
    sha256: createHash('sha256').update(body).digest('base64'),
  };
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return {
    body,
    authorization: `${signed}.${createHmac('sha256', testKeys.liveKitSecret).update(signed).digest('base64url')}`,
  };
}

function send(tracker: CallTracker | undefined, sent: { body: string; authorization: string }): Promise<Response> {
  return fetch(`${tracker?.url}/webhooks/livekit`, {
    method: 'POST',
    headers: { authorization: sent.authorization, 'content-type': 'application/webhook+json' },
    body: sent.body,
  });
}

/** To both replicas at the same moment, and then once more. */
async function hook(call: Seeded, about: Webhook): Promise<void> {
  const sent = webhook(call, about);
  const first = await Promise.all(trackers.map((tracker) => send(tracker, sent)));
  const again = await send(trackers[0], sent);
  expect([...first, again].map(({ status }) => status)).toEqual([200, 200, 200]);
}

const hungUp = (call: Seeded): Promise<void> =>
  hook(call, { event: 'participant_left', reason: 'CLIENT_INITIATED', status: 'hangup' });

function report(body: unknown, key = agentKey): Promise<Response> {
  return fetch(`${trackers[0]?.url}/v1/reports`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

describe('a call that is heard of', () => {
  test('is called once, though everything comes twice and at the same moment', async () => {
    const call = await aCall();
    const twice = async (work: () => Promise<void>): Promise<void> => {
      await Promise.all([work(), work()]);
    };
    await twice(() => dialReport(call, 'call.dialing', { attempt: 1 }));
    await hook(call, { event: 'participant_joined' });
    await twice(() => answered(call));
    await twice(() => qualified(call, { product_interest: 'brick machine', location: 'Pune', budget: null }));
    await twice(() => agentEnded(call));
    await until('the agent was heard', async () => (await facts(call))?.['agent_ended_at'] != null);
    await hungUp(call);
    await hook(call, { event: 'room_finished' });
    const row = await becomes(call, 'called');
    expect(row).toMatchObject({
      failure_reason: null,
      agent_mode: 'openai_realtime',
      qualification: { product_interest: 'brick machine', location: 'Pune' },
    });
    expect(row.answered_at).not.toBeNull();
    expect(await told(call)).toEqual(['call.ringing', 'call.ended', 'call.qualified']);
    const kept = await facts(call);
    expect(kept).toMatchObject({ ever_answered: true, settle_at: null });
    expect(kept?.['number_free_at']).toEqual(kept?.['leg_left_at']);
  });

  test('is settled the same when everything comes the wrong way round', async () => {
    const call = await aCall();
    await hungUp(call);
    await agentEnded(call);
    await qualified(call, { location: 'Pune', budget: '4 lakh' }, new Date());
    await qualified(call, { location: 'Delhi' }, new Date(Date.now() - 1_000));
    await until('both reports are in', async () => (await callRow(call)).qualification?.['budget']);
    await answered(call);
    await hook(call, { event: 'participant_joined' });
    await dialReport(call, 'call.dialing', { attempt: 1 });
    const row = await becomes(call, 'called');
    expect(row.qualification).toEqual({ location: 'Pune', budget: '4 lakh' });
    expect(await told(call)).toEqual(['call.ringing', 'call.ended', 'call.qualified']);
  });

  test('is stored once when the answer of a COMMIT is lost before the ack', async () => {
    const call = await aCall();
    let lost = 0;
    afterCommit = () => {
      if (lost++ === 0) throw Object.assign(new Error('Connection terminated unexpectedly'), { code: 'ECONNRESET' });
    };
    await refused(call);
    const row = await becomes(call, 'failed');
    expect(row).toMatchObject({ failure_reason: 'rejected', sip_status: 486 });
    await until('it was handled again', () => lost > 1);
    expect(await told(call)).toEqual(['call.ended', 'call.failed']);
  });

  test('tells of a put-back that it ended no sooner than it was put back, and why no phone rang', async () => {
    const call = await aCall();
    await database.query(`update dials set put_back_reason = 'no_bridge' where call_id = $1`, [call.callId]);
    await database.query(`update calls set call_started_at = call_started_at - interval '2 s' where id = $1`, [
      call.callId,
    ]);
    const putBackAt = new Date();
    const about = { leadId: call.leadId, source: 'website', room: call.room, callId: call.callId };
    const result = {
      reason: 'dispatch_failed',
      sipStatus: null,
      notDialled: 'no_bridge',
      rang: 'no',
      numberFree: true,
    };
    await publish(dispatcher, 'call.dial_failed', { ...about, ...result }, putBackAt);
    const { call_ended_at: endedAt, call_started_at: startedAt } = await becomes(call, 'failed');
    expect(endedAt).toEqual(startedAt);
    const events = await database.query<{ subject: string; at: string; why: string }>(
      `select subject, headers->>'ce-time' as at, payload->>'notDialled' as why
         from call_tracker_outbox where aggregate = $1 order by seq`,
      [`call/${call.callId}`],
    );
    expect(events).toMatchObject([
      { subject: 'call.ended', why: 'no_bridge' },
      { subject: 'call.failed', why: 'no_bridge' },
    ]);
    const [endToldAt = 0, failureToldAt = 0] = events.map(({ at }) => Date.parse(at));
    expect(endToldAt).toBeGreaterThanOrEqual(putBackAt.getTime());
    expect(failureToldAt).toBeGreaterThanOrEqual(endToldAt);
  });

  test('takes a report that comes a minute after its leg left', async () => {
    const call = await aCall();
    await answered(call);
    await filled(call, 'answered_at');
    await hungUp(call);
    shiftMs = 60_000;
    expect((await callRow(call)).status).toBe('calling');
    await qualified(call, { location: 'Pune' });
    expect(await becomes(call, 'called')).toMatchObject({ qualification: { location: 'Pune' } });
    expect((await callRow(call)).duration_seconds).toBeLessThan(10);
  });

  test('fails without a report when the grace is over, and is called when answers come after all', async () => {
    const call = await aCall();
    await answered(call, new Date(Date.now() + 500));
    await filled(call, 'answered_at');
    await hungUp(call);
    shiftMs = 91_000;
    await becomes(call, 'failed');
    shiftMs = 600_000;
    await qualified(call, { location: 'Pune' });
    expect(await becomes(call, 'called')).toMatchObject({ failure_reason: null, agent_mode: 'openai_realtime' });
    await agentEnded(call, true);
    await filled(call, 'do_not_call');
    expect(await told(call)).toEqual(['call.ringing', 'call.ended', 'call.failed', 'call.qualified']);
  });

  test('ends with its dial, and its outbox reaches the stream', async () => {
    const call = await aCall();
    const failed = Promise.withResolvers<unknown>();
    const ops = await nats.connect('ops');
    await hook(call, { event: 'participant_joined' });
    await refused(call);
    await becomes(call, 'failed');
    await until('it was published', async () => {
      const manager = await ops.connection.jetstreamManager({ checkAPI: false });
      const message = await manager.streams.getMessage('CALLS', { last_by_subj: 'call.failed' }).catch(() => undefined);
      const payload = message?.json<{ room: string }>();
      if (payload?.room === call.room) failed.resolve(payload);
      return payload?.room === call.room;
    });
    expect(await failed.promise).toMatchObject({ reason: 'rejected', sipStatus: 486, rang: 'yes', talkSeconds: 0 });
  });
});

describe('a call that nobody tells of', () => {
  test('is looked at when its dispatcher is gone, and let talk; its agent gone and no other there, it is hung up', async () => {
    const call = await aCall();
    shown.set(call.room, { leg: { status: 'active', everAnswered: true }, agentPresent: true });
    shiftMs = 96_000;
    await filled(call, 'answered_at');
    expect(ended).toEqual([]);
    shown.set(call.room, { leg: { status: 'active', everAnswered: true }, agentPresent: false });
    await hook(call, { event: 'participant_left', kind: 'AGENT', reason: 'CONNECTION_TIMEOUT' });
    await until('it was found alone', async () => (await facts(call))?.last_look?.seen === 'alone');
    await until('another agent was sent for', () => takenOver.length > 0);
    expect(takenOver).toMatchObject([
      { room: call.room, job: { room: call.room, name: 'Asha', takeover: { number: 1 } } },
    ]);
    expect(ended).toEqual([]);
    shiftMs = 107_000;
    await until('the leg was ended', () => ended.includes(call.room));
    expect(takenOver.length).toBe(1);
    await hook(call, { event: 'participant_left', reason: 'ROOM_DELETED', status: 'active' });
    shiftMs = 195_000;
    expect(await becomes(call, 'failed')).toMatchObject({ failure_reason: 'no_answers' });
    const kept = await facts(call);
    expect(kept?.['number_free_at']).not.toEqual(kept?.['leg_left_at']);
  });

  test('has an agent taken out that came to it without a name, and talks on with its own', async () => {
    const call = await aCall();
    const leg = { status: 'active', everAnswered: true };
    shown.set(call.room, { leg, agentPresent: true, uninvited: ['agent-of-a-tutorial'] });
    shiftMs = 96_000;
    await until('it was taken out', () => takenOut.length > 0);
    expect(takenOut[0]).toBe('agent-of-a-tutorial');
    await until('it was seen talking', async () => (await facts(call))?.last_look?.seen === 'talking');
    expect([ended, takenOver]).toEqual([[], []]);
  });

  test('is taken over by another agent, which is told what was learnt, as soon as LiveKit tells that the first has left', async () => {
    const call = await aCall();
    shown.set(call.room, { leg: { status: 'active', everAnswered: true }, agentPresent: true });
    await answered(call);
    await qualified(call, { location: 'Pune' });
    await filled(call, 'qualification');
    const job = { version: 1, room: call.room, callId: call.callId, leadId: call.leadId, attempt: 1, mode: 'sarvam' };
    firstJob = JSON.stringify({ ...job, name: 'Asha', phone: '+919812345678', products: ['paper cups'] });
    shown.set(call.room, { leg: { status: 'active', everAnswered: true }, agentPresent: false });
    await hook(call, { event: 'participant_left', kind: 'AGENT', reason: 'CLIENT_INITIATED' });
    await until('another agent was sent for', () => takenOver.length > 0);
    expect(takenOver).toMatchObject([
      { room: call.room, job: { products: ['paper cups'], takeover: { number: 1, learnt: { location: 'Pune' } } } },
    ]);
    shown.set(call.room, { leg: { status: 'active', everAnswered: true }, agentPresent: true });
    shiftMs = 2_500;
    await until('it came', async () => (await facts(call))?.takeovers?.[0]?.cameAt != null);
    shown.delete(call.room);
    await hook(call, { event: 'participant_left' });
    await agentEnded(call);
    expect(await becomes(call, 'called')).toMatchObject({ failure_reason: null });
    expect([takenOver.length, ended]).toEqual([1, []]);
  });

  test('is stale when no leg can be left, and called if it has answers', async () => {
    const [silent, talked] = [await aCall(), await aCall()];
    await qualified(talked, { location: 'Pune' });
    await filled(talked, 'qualification');
    shiftMs = 600_000;
    await until('both were looked at', async () => (await facts(talked)) && (await facts(silent)));
    expect([(await callRow(silent)).status, (await callRow(talked)).status]).toEqual(['calling', 'calling']);
    shiftMs = 697_000;
    expect(await becomes(silent, 'failed')).toMatchObject({ failure_reason: 'stale_timeout' });
    await becomes(talked, 'called');
  });

  test('is ended by its revoked dial, but never by the clock while unsent', async () => {
    const [unsent, revoked] = [await aCall(false), await aCall(false)];
    await database.query(
      `update dials set revoked_at = clock_timestamp(), put_back_reason = 'pace' where call_id = $1`,
      [revoked.callId],
    );
    shiftMs = 3_600_000;
    expect(await becomes(revoked, 'failed')).toMatchObject({ failure_reason: 'dispatch_failed', duration_seconds: 0 });
    expect((await callRow(unsent)).status).toBe('calling');
  });

  test("an old program's call is failed after a day, and nothing else of it touched", async () => {
    const [old] = await database.query<{ id: number }>(
      `insert into calls (phone, status, call_room, call_started_at)
       values ('9812345678', 'calling', 'old-room', clock_timestamp() - interval '25 hours') returning id`,
    );
    const call = { callId: old?.id ?? 0, leadId: 0, room: 'old-room' };
    const late = await startTracker();
    trackers.push(late);
    expect(await becomes(call, 'failed')).toMatchObject({ failure_reason: 'stale_timeout', duration_seconds: 0 });
    expect(await told(call)).toEqual([]);
  });
});

describe('what can not be read or placed', () => {
  const letterAbout = (ops: Nats, reason: string, at: Date) =>
    until(`a dead letter: ${reason}`, async () => {
      const letters = await listDeadLetters(ops, { durable: 'call-tracker-agent', since: at });
      return letters.find((letter) => letter.reason.startsWith(reason));
    });

  test('a malformed report is a dead letter, and counts when it is repaired and sent back', async () => {
    const ops = await nats.connect('ops');
    const call = await aCall();
    const before = new Date(Date.now() - 1_000);
    await publish(agent, 'agent.qualified', { room: 7, mode: 'sarvam', qualification: { location: 'Pune' } });
    const letter = await letterAbout(ops, 'malformed', before);
    const payload = { room: call.room, mode: 'sarvam', qualification: { location: 'Pune' } };
    await redrive(ops, { seq: letter.seq, who: 'test', payload });
    await filled(call, 'qualification');
    expect(await callRow(call)).toMatchObject({ status: 'calling', qualification: { location: 'Pune' } });
  });

  test('a report for a room that is no call’s is a dead letter', async () => {
    const ops = await nats.connect('ops');
    const before = new Date(Date.now() - 1_000);
    await publish(agent, 'agent.ready', { room: 'call-999999-aaaaaaaaaaaa' });
    expect(await letterAbout(ops, 'unknown_room', before)).toMatchObject({ subject: 'agent.ready' });
  });

  test('a report of a rehearsal is taken and is no dead letter', async () => {
    const ops = await nats.connect('ops');
    const before = new Date(Date.now() - 1_000);
    const [rehearsed, unknown] = ['check-aaaaaaaaaaaa', 'check-of-nobody'];
    await publish(agent, 'agent.ended', { room: rehearsed, endedBy: 'callee', doNotCall: true });
    await publish(agent, 'agent.ended', { room: unknown, endedBy: 'callee' });
    // Both are read in turn: when the second one's letter is there, the first one is done with.
    const rooms = await until('a dead letter', async () => {
      const letters = await listDeadLetters(ops, { durable: 'call-tracker-agent', since: before });
      const found = letters.map(({ payload }) => JSON.stringify(payload));
      return found.some((text) => text.includes(unknown)) ? found : undefined;
    });
    expect(rooms.join()).not.toContain(rehearsed);
  });

  test('a webhook with a wrong signature is refused, one that means nothing is accepted', async () => {
    const call = await aCall();
    const sent = webhook(call, { event: 'participant_left', status: 'hangup' });
    const [head = '', claims = ''] = sent.authorization.split('.');
    expect((await send(trackers[0], { ...sent, authorization: `${head}.${claims}.wrong` })).status).toBe(401);
    expect((await send(trackers[0], { ...sent, body: `${sent.body} ` })).status).toBe(401);
    expect((await send(trackers[0], webhook(call, { event: 'a_new_event' }))).status).toBe(200);
    expect((await send(trackers[0], webhook(call, { event: 'room_finished', room: 'not-ours' }))).status).toBe(200);
    expect(await facts(call)).toBeUndefined();
  });
});

describe('while the database is away', () => {
  beforeEach(() => {
    afterCommit = () => {
      throw Object.assign(new Error('Connection terminated unexpectedly'), { code: 'ECONNRESET' });
    };
  });

  test('LiveKit and agents are told to come again', async () => {
    const call = await aCall();
    expect((await send(trackers[0], webhook(call, { event: 'participant_joined' }))).status).toBe(503);
    expect((await report({ type: 'agent.ready', data: { room: call.room } })).status).toBe(503);
  });
});

describe('POST /v1/reports', () => {
  test('takes the same reports as NATS', async () => {
    const call = await aCall();
    const qualification = { location: 'Pune', odd_key: 'kept' };
    const data = { room: call.room, mode: 'sarvam', qualification };
    const response = await report({ type: 'agent.qualified', time: new Date().toISOString(), data });
    expect([response.status, await response.json()]).toEqual([202, { accepted: true }]);
    expect((await callRow(call)).qualification).toEqual(qualification);
  });

  test.for<[string, unknown, string, number]>([
    ['a wrong key', {}, 'wrong', 401],
    ['no JSON', '{', agentKey, 422],
    ['an unknown type', { type: 'agent.slept', data: {} }, agentKey, 422],
    ['a missing field', { type: 'agent.ready', data: {} }, agentKey, 422],
    ['an unknown room', { type: 'agent.ready', data: { room: 'call-1-zzzzzzzzzzzz' } }, agentKey, 404],
  ])('refuses %s', async ([_name, body, key, status]) => {
    const response = await report(body, key);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect(await response.json()).toMatchObject({ status });
  });
});
