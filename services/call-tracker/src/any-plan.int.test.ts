import { databaseNow } from '@leadline/database/locks';
import { findGreedy, noteStatements, type Statements } from '@leadline/testing/generic-plans';
import { fillWithPast } from '@leadline/testing/fill-with-past';
import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDeps } from '../test/open-deps.ts';
import type { CallEvent } from './call-state.ts';
import type { Deps } from './deps.ts';
import { holdNumber } from './hold-numbers.ts';
import { failStaleCallRecords, measure, settleDueCalls } from './settle-due-calls.ts';
import { trackRoom } from './track-call.ts';

// Postgres may plan a named statement without its values. What is asked for each input, or each second, must not read all
// calls that ever were, whatever the plan.
let database: TestDatabase;
let statements: Statements;
let deps: Deps;

const past = 50_000;
/** Of 8 KB, for a few calls at some 30 each. All calls are some 1,000 of them. */
const mostPages = 300;

beforeAll(async () => {
  database = await testDatabase();
  const noted = noteStatements(await database.open('callTracker'));
  ({ statements } = noted);
  deps = openDeps({ database, postgres: noted.database });
  await fillWithPast(database, past);
}, 120_000);
afterAll(() => database.drop());

test('whatever the plan, no statement of a call reads all old calls', { timeout: 120_000 }, async () => {
  const calls = await database.query<{ room: string }>(
    `with leads_of as (insert into leads (name, phone, source, status)
       select 'Asha', '+91981234' || lpad(n::text, 4, '0'), 'website', 'new' from generate_series(1, 3) n
         returning id, phone),
     ours as (insert into calls (lead_id, name, phone, source, call_room, attempt, agent_mode)
       select id, 'Asha', phone, 'website', 'call-' || id || '-abcdefabcdef', 1, 'sarvam' from leads_of
         returning id, lead_id, phone, call_room)
     insert into dials (call_id, lead_id, attempt, phone, owner, claimed_at, sent_at)
     select id, lead_id, 1, phone, 'test', clock_timestamp(), clock_timestamp() from ours
     returning (select call_room from ours where ours.id = call_id) as room`,
  );
  const rooms = calls.map(({ room }) => room);
  const at = await databaseNow(deps.postgres.sql);
  const told = { doNotCall: false, unread: [], disposition: null, language: null };
  await Promise.all(rooms.map((room) => trackRoom(room, { kind: 'dialing' }, deps)));
  await holdNumber(rooms[0] ?? '', deps);
  const talk: CallEvent[] = [
    { kind: 'leg_joined', at, everAnswered: false },
    { kind: 'answered', at },
    { kind: 'agent_qualified', at, mode: 'sarvam', answers: { budget: '8 lakh' }, ...told },
    { kind: 'agent_ended', at, endedBy: 'callee', callbackAt: null, callbackWords: null, ...told },
    { kind: 'room_finished', at },
  ];
  expect(await Promise.all(talk.map((event) => trackRoom(rooms[0] ?? '', event, deps)))).toEqual(
    talk.map(() => 'tracked'),
  );
  await database.query(`update call_facts set settle_at = clock_timestamp() where settle_at is not null`);
  expect(await settleDueCalls(deps, new AbortController().signal)).toBe(true);
  await trackRoom(rooms[1] ?? '', { kind: 'dialing' }, deps, { withoutAgent: true });
  await failStaleCallRecords(deps, new AbortController().signal);
  await measure(deps);
  expect(statements.size).toBeGreaterThan(8);
  expect(await findGreedy(database.url, statements, mostPages)).toEqual([]);
});
