import { lockCall } from '@leadline/database/locks';
import type { Database } from '@leadline/database/open-database';
import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openDeps } from '../test/open-deps.ts';
import type { CallEvent } from './call-state.ts';
import type { Deps } from './deps.ts';
import { trackRoom } from './track-call.ts';

let database: TestDatabase;
let postgres: Database;
let deps: Deps;
let transactions = 0;
/** Runs in each transaction before its COMMIT, and after it. */
let beforeCommit: (pid: number) => Promise<void>;
let afterCommit: () => void;

beforeAll(async () => {
  database = await testDatabase();
  postgres = await database.open('callTracker');
  const watched: Database = {
    ...postgres,
    async transaction(work) {
      transactions++;
      const result = await postgres.transaction(async (sql) => {
        const done = await work(sql);
        const [own] = (await sql.query('select pg_backend_pid() as pid', [])).rows as { pid: number }[];
        await beforeCommit(own?.pid ?? 0);
        return done;
      });
      afterCommit();
      return result;
    },
  };
  deps = openDeps({ database, postgres: watched });
});

afterAll(() => database.drop());

beforeEach(() => {
  transactions = 0;
  beforeCommit = async () => undefined;
  afterCommit = () => undefined;
});

type Seeded = { callId: number; room: string };

/** Calls whose phones have been dialled. */
async function calls(many: number): Promise<Seeded[]> {
  return database.query<Seeded>(
    `with leads_of as (insert into leads (name, phone, source)
       select 'Asha', '+91981234' || lpad(n::text, 4, '0'), 'website' from generate_series(1, $1) n returning id, phone),
     ours as (insert into calls (lead_id, name, phone, source, call_room, attempt, agent_mode)
       select id, 'Asha', phone, 'website', 'call-' || id || '-' || substr(md5(random()::text), 1, 12), 1, 'sarvam'
         from leads_of returning id, lead_id, phone, call_room)
     insert into dials (call_id, lead_id, attempt, phone, owner, claimed_at, sent_at)
     select id, lead_id, 1, phone, 'test', clock_timestamp(), clock_timestamp() from ours
     returning call_id as "callId", (select call_room from ours where ours.id = call_id) as room`,
    [many],
  );
}

/** What is heard of a call that a person talks in and ends, in the order in which it happens. */
function wholeTalk(at = new Date()): CallEvent[] {
  const told = { doNotCall: false, unread: [], disposition: null, language: null };
  return [
    { kind: 'dialing' },
    { kind: 'leg_joined', at, everAnswered: false },
    { kind: 'answered', at },
    { kind: 'agent_ready', at },
    { kind: 'agent_qualified', at, mode: 'sarvam', answers: { budget: '8 lakh' }, ...told },
    { kind: 'agent_qualified', at, mode: 'sarvam', answers: { location: 'Pune' }, ...told },
    { kind: 'agent_ended', at, endedBy: 'callee', callbackAt: null, callbackWords: null, ...told },
    { kind: 'leg_left', at, reason: 'CLIENT_INITIATED', callStatus: 'hangup', everAnswered: true },
    { kind: 'room_finished', at },
  ];
}

const say = (call: Seeded, events = wholeTalk()): Promise<string>[] =>
  events.map((event) => trackRoom(call.room, event, deps));

async function stateOf(some: Seeded[]): Promise<{ status: string; answers: unknown; told: string[] }[]> {
  return database.query(
    `select c.status, c.qualification as answers,
            array(select subject from call_tracker_outbox o where o.aggregate = 'call/' || c.id order by seq) as told
       from calls c where c.id = any($1) order by c.id`,
    [some.map(({ callId }) => callId)],
  );
}
const talked = {
  status: 'called',
  answers: { budget: '8 lakh', location: 'Pune' },
  told: ['call.ringing', 'call.ended', 'call.qualified'],
};

test('all inputs of seven calls are two transactions, each call’s in its order', async () => {
  const some = await calls(7);
  const told = await Promise.all(some.flatMap((call) => say(call)));
  expect(told).toHaveLength(63);
  expect(new Set(told)).toEqual(new Set(['tracked']));
  expect(transactions).toBeLessThanOrEqual(2);
  expect(await stateOf(some)).toEqual(some.map(() => talked));
  expect(await trackRoom('call-1-aaaabbbbcccc', { kind: 'dialing' }, deps)).toBe('unknown');
});

test('the same inputs once more change nothing', async () => {
  const some = await calls(3);
  const at = new Date();
  await Promise.all(some.flatMap((call) => say(call, wholeTalk(at))));
  await Promise.all(some.flatMap((call) => say(call, wholeTalk(at)).toReversed()));
  expect(await stateOf(some)).toEqual(some.map(() => talked));
});

test('a call that the database refuses takes none of its group with it', async () => {
  const some = await calls(3);
  const [, poison] = some;
  await database.query(
    `create function refuse_it() returns trigger language plpgsql as $$ begin raise exception 'unsound'; end $$`,
  );
  await database.query(
    `create trigger refuse_it before insert on call_facts for each row
       when (new.call_id = ${poison?.callId}) execute function refuse_it()`,
  );
  const results = await Promise.allSettled(some.flatMap((call) => say(call)));
  await database.query('drop trigger refuse_it on call_facts');
  expect(results.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0);
  const [first, second, third] = await stateOf(some);
  expect([first, third]).toEqual([talked, talked]);
  expect(second).toMatchObject({ status: 'calling', told: [] });
  if (poison !== undefined) await Promise.all(say(poison));
  expect(await stateOf(some)).toEqual(some.map(() => talked));
});

test('a call whose lock somebody keeps delays the others once, and no more', async () => {
  const some = await calls(3);
  const [kept] = some;
  const gate = Promise.withResolvers<void>();
  const locked = Promise.withResolvers<void>();
  const holder = await database.open('dispatcher');
  const keeping = holder.transaction(async (sql) => {
    await lockCall(sql, kept?.callId ?? 0);
    locked.resolve();
    const awake = setInterval(() => void sql.query('select 1', []), 500);
    await gate.promise;
    clearInterval(awake);
  });
  await locked.promise;
  const all = Promise.allSettled(some.map((call) => trackRoom(call.room, { kind: 'dialing' }, deps)));
  expect((await all).map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
  const stuck = Promise.allSettled([trackRoom(kept?.room ?? '', { kind: 'dialing' }, deps)]);
  const others = some.slice(1).flatMap((call) => say(call));
  const isStuck = await Promise.race([stuck.then(() => false), Promise.all(others).then(() => true)]);
  expect(isStuck).toBe(true);
  gate.resolve();
  await keeping;
  await stuck;
  if (kept !== undefined) await Promise.all(say(kept));
  expect(await stateOf(some)).toEqual(some.map(() => talked));
});

test('killed before its COMMIT a group has written nothing; killed after it, a repeat adds nothing', async () => {
  const some = await calls(4);
  const at = new Date();
  const everything = (): Promise<PromiseSettledResult<string>[]> =>
    Promise.allSettled(some.flatMap((call) => say(call, wholeTalk(at))));
  beforeCommit = async (pid) => {
    await database.query('select pg_terminate_backend($1)', [pid]);
  };
  expect(new Set((await everything()).map(({ status }) => status))).toEqual(new Set(['rejected']));
  expect(await stateOf(some)).toEqual(some.map(() => ({ status: 'calling', answers: null, told: [] })));
  beforeCommit = async () => undefined;
  let isCommitted = false;
  afterCommit = () => {
    isCommitted = true;
    throw Object.assign(new Error('Connection terminated unexpectedly'), { code: 'ECONNRESET' });
  };
  // The pool may hand out the killed connection once more before it hears of its end.
  for (let tries = 0; !isCommitted && tries < 5; tries++)
    expect(new Set((await everything()).map(({ status }) => status))).toEqual(new Set(['rejected']));
  expect(await stateOf(some)).toEqual(some.map(() => talked));
  afterCommit = () => undefined;
  expect(new Set((await everything()).map(({ status }) => status))).toEqual(new Set(['fulfilled']));
  expect(await stateOf(some)).toEqual(some.map(() => talked));
});
