import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { noteStatements, readGenerically, type Statements } from '@leadline/testing/generic-plans';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { noon as tuesdayNoon, openDeps } from '../test/open-deps.ts';
import { claimDueLeads, isAnyClaimable, isAnyDue } from './claim-due-leads.ts';
import type { Deps } from './deps.ts';
import { heedEnquiries } from './heed-enquiries.ts';
import { keepPromises } from './keep-promises.ts';
import { measure } from './measure.ts';
import { permitDials } from './permit-dial.ts';
import { reportDial } from './report-dial.ts';
import { revokeDial } from './revoke-dial.ts';
import { settleAndRecover } from './settle-and-recover.ts';
import { openCommits } from './open-commits.ts';
import { setLeadDispatched, settleCall } from './settle-lead.ts';

// Postgres may plan a named statement without its values. What is asked for each call, or each second, must not read all
// leads that wait or all calls that ever were, whatever the plan.
let database: TestDatabase;
let nats: TestNats;
let deps: Deps;
let statements: Statements;

const waiting = 100_000;
const oldCalls = 50_000;
/** Of 8 KB, for a few leads at some 30 each. All leads are some 2,000 of them, all calls some 600. */
const mostPages = 300;

beforeAll(async () => {
  [database, nats] = await Promise.all([testDatabase(), testNats()]);
  const noonIn = tuesdayNoon - Date.now();
  const opened = await openDeps({ database, nats }, () => noonIn, { MAX_CONCURRENT_CALLS: '100' });
  const noted = noteStatements(opened.postgres);
  statements = noted.statements;
  deps = { ...opened, postgres: noted.database, commits: openCommits(noted.database) };
  const noon = deps.now(new Date());
  await database.query(
    `insert into leads (name, phone, source, created_at, retry_after)
     select 'Asha', '+9197' || lpad(n::text, 8, '0'), 'website', $1::timestamptz - interval '3 days',
            $1::timestamptz + n * interval '1 second'
       from generate_series(60, $2::int + 60) n`,
    [noon, waiting],
  );
  await database.query(
    `with past as (
       insert into leads (name, phone, source, status, created_at)
       select 'Asha', '+9196' || lpad(n::text, 8, '0'), 'website', 'dispatched', $1::timestamptz - interval '2 days'
         from generate_series(1, $2::int) n returning id, phone),
     rung as (
       insert into calls (lead_id, phone, name, status, qualification, attempt, call_room, call_started_at, updated_at)
       select id, phone, 'Asha', 'pushed', '{"budget": "9 lakh"}', 1, 'call-' || id || '-past',
              $1::timestamptz - interval '2 days', $1::timestamptz - interval '2 days'
         from past returning id, lead_id, phone, call_started_at),
     dialled as (
       insert into dials (call_id, lead_id, attempt, phone, owner, claimed_at, sent_at, decided_at, decided_as)
       select id, lead_id, 1, phone, 'one', call_started_at, call_started_at, call_started_at, 'called' from rung)
     insert into call_facts (call_id, number_free_at, slot_free_at) select id, call_started_at, call_started_at from rung`,
    [noon, oldCalls],
  );
  await database.query('vacuum analyze');
});
afterAll(async () => {
  await nats.close();
  await database.drop();
});

const noSuchNumber = {
  kind: 'failed',
  reason: 'dispatch_failed',
  sipStatus: 404,
  rang: 'unknown',
  numberFree: true,
} as const;

async function addDue(count: number): Promise<void> {
  const noon = deps.now(new Date());
  await database.query(
    `insert into leads (name, phone, source, created_at, retry_after)
     select 'Asha', '+9198' || lpad(nextval('leads_id_seq')::text, 8, '0'), 'website', $1::timestamptz - interval '1 minute',
            case when n % 2 = 0 then $1::timestamptz - interval '1 second' end
       from generate_series(1, $2::int) n`,
    [noon, count],
  );
}

test(
  'whatever the plan, no statement of a call reads all the leads that wait or all old calls',
  { timeout: 120_000 },
  async () => {
    expect(await isAnyDue(deps)).toBe(false);
    await addDue(6);
    expect(await isAnyDue(deps)).toBe(true);
    expect(await isAnyClaimable(deps)).toBe(true);
    const claims = await claimDueLeads(deps, 4);
    expect(claims).toHaveLength(4);
    await permitDials(claims, deps);
    const [first, second, third] = claims;
    if (first === undefined || second === undefined || third === undefined) throw new Error('three were claimed');
    await reportDial(first, { kind: 'answered', sipCallId: 'SCL_1' }, deps);
    await setLeadDispatched(first.callId, deps);
    await revokeDial(second.callId, { putBack: 'test' }, deps);
    await database.query(`update calls set status = 'failed', failure_reason = 'unanswered' where id = any($1)`, [
      [first.callId, second.callId],
    ]);
    await Promise.all([settleCall(first.callId, deps), settleCall(second.callId, deps)]);
    await database.query(
      `update dial_control set unknown_number_calls = (select array_agg(call_id) from
         (select distinct on (phone) call_id from (select call_id, phone from dials order by call_id limit 50) d limit 6) u)`,
    );
    await reportDial(third, noSuchNumber, deps);
    const { signal } = new AbortController();
    await settleAndRecover(deps, signal);
    await keepPromises(deps, signal);
    await heedEnquiries(deps, signal);
    await measure(deps);
    // A tripped breaker looks for a probe.
    await database.query(`update dial_control set breaker_open_until = $1, breaker_delay_ms = 5000`, [
      deps.now(new Date(0)),
    ]);
    await claimDueLeads(deps, 4);
    expect(statements.size).toBeGreaterThan(20);
    const greedy = [...(await readGenerically(database.url, statements))].filter(([, pages]) => pages > mostPages);
    expect(greedy.map(([text, pages]) => `${pages} pages: ${text.replaceAll(/\s+/g, ' ')}`)).toEqual([]);
  },
);
