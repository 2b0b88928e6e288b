import { stopDialling, startDialling } from '@leadline/contracts/commands/dialling';
import { addDoNotCall, removeDoNotCall } from '@leadline/contracts/commands/do-not-call';
import { explain, callAgain } from '@leadline/contracts/commands/lead';
import { ask } from '@leadline/messaging/ask';
import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { noon, openDeps, startOver } from '../test/open-deps.ts';
import { answerCommands } from './answer-commands.ts';
import { claimDueLeads, type Claim } from './claim-due-leads.ts';
import type { Deps, Policy } from './deps.ts';
import { permitDial, permitDials } from './permit-dial.ts';
import { permitTogether } from './permit-together.ts';
import { reportDial } from './report-dial.ts';
import { revokeDial, revokeUnsentDials } from './revoke-dial.ts';
import { setLeadDispatched, settleCall, settleEndedCalls } from './settle-lead.ts';
import { stopDialling as stopAll } from './switch-dialling.ts';

// Claim, permit and decision of two replicas on a real Postgres: what the fault campaign looks for by chance, on purpose.
let database: TestDatabase;
let nats: TestNats;
let replicaA: Deps;
let replicaB: Deps;
let shiftMs = 0;

let policy: Policy;

beforeAll(async () => {
  database = await testDatabase();
  nats = await testNats();
  [replicaA, replicaB] = [await openReplica('a'), await openReplica('b')];
  ({ policy } = replicaA);
});
afterAll(async () => {
  await nats.close();
  await database.drop();
});
beforeEach(async () => {
  // Noon in India, whatever the time is here.
  shiftMs = noon - Date.now();
  await startOver(database);
});

const openReplica = async (owner: string): Promise<Deps> => ({
  ...(await openDeps({ database, nats }, () => shiftMs, {
    RETRY_DELAYS:
      'unanswered=60s,120s rejected=60s dispatch_failed=60s startup_failed=60s stale_timeout=60s no_answers=60s',
  })),
  owner,
});

async function addLeads(count: number, phone?: string): Promise<number[]> {
  const added = await database.query<{ id: number }>(
    `insert into leads (name, phone, source, created_at)
     select 'Asha', coalesce($2, '+9198' || lpad((nextval('leads_id_seq') % 100000000)::text, 8, '0')), 'website', $3::timestamptz
       from generate_series(1, $1) returning id`,
    [count, phone ?? null, new Date(Date.now() + shiftMs - 60_000)],
  );
  return added.map(({ id }) => id);
}

async function claimed(deps: Deps = replicaA): Promise<Claim> {
  const [claim] = await claimDueLeads(deps, 1);
  if (claim === undefined) throw new Error('nothing was claimed');
  return claim;
}

/** The call ends as the tracker would write it. */
async function endCall(callId: number, status: 'failed' | 'called', reason: string | null): Promise<void> {
  const answers = status === 'called' ? '{"location": "Pune"}' : null;
  await database.query(
    `update calls set status = $2, failure_reason = $3, qualification = $4::jsonb, updated_at = clock_timestamp() + $5 * interval '1 ms' where id = $1`,
    [callId, status, reason, answers, shiftMs],
  );
}

const lead = async (
  id: number,
): Promise<{ status: string; retry_count: number; retry_after: Date | null; failure_reason: string | null }> => {
  const [found] = await database.query<Awaited<ReturnType<typeof lead>>>(`select * from leads where id = $1`, [id]);
  if (found === undefined) throw new Error(`there is no lead ${id}`);
  return found;
};

/** On a slow machine one of many waits too long for the others: it is tried again, as the dispatcher does. */
async function claimInTurn(deps: Deps): Promise<Claim | undefined> {
  try {
    return (await claimDueLeads(deps, 1))[0];
  } catch (error) {
    if (!String(error).includes('lock timeout')) throw error;
    return claimInTurn(deps);
  }
}

test('two replicas that claim at once hold each lead once, and a number once', async () => {
  const ids = await addLeads(40);
  const [twin] = await addLeads(1, '9812345678');
  await addLeads(1, '+91 98123 45678');
  const claims = (
    await Promise.all(Array.from({ length: 60 }, (_, n) => claimInTurn(n % 2 === 0 ? replicaA : replicaB)))
  ).flatMap((claim) => claim ?? []);
  expect(claims.map(({ leadId }) => leadId).toSorted((a, b) => a - b)).toEqual([...ids, twin]);
  expect(new Set(claims.map(({ room }) => room)).size).toBe(41);
});

test('while agents’ reports are not heard nobody is claimed, and what was claimed before gets no permit', async () => {
  const [first] = await addLeads(2);
  const claim = await claimed();
  expect(claim.leadId).toBe(first);
  const deaf: Deps = { ...replicaA, reports: { isHeard: () => Promise.resolve(100_000) } };
  expect(await claimDueLeads(deaf, 1)).toEqual([]);
  expect(await permitDial(claim, deaf)).toEqual({ kind: 'refused', reason: 'reports_not_heard' });
  expect((await permitDial(claim, replicaA)).kind).toBe('permitted');
});

/** What agents reported of a call, as the tracker keeps it. */
const learnt = (
  callId: number,
  facts: { disposition?: string; language?: string; messageLeft?: boolean },
): Promise<unknown> =>
  database.query(
    `insert into call_facts (call_id, disposition, language, message_left, number_free_at, slot_free_at)
     values ($1, $2, $3, $4, '2026-01-01', '2026-01-01')
     on conflict (call_id) do update set disposition = excluded.disposition`,
    [callId, facts.disposition ?? null, facts.language ?? null, facts.messageLeft ?? null],
  );
const waitIsOver = (): Promise<unknown> => database.query(`update leads set retry_after = null where status = 'new'`);

test('a wrong number ends its lead, told before the call is decided or after it; an operator may ask once more', async () => {
  const [first = 0] = await addLeads(1);
  const before = await claimed();
  await learnt(before.callId, { disposition: 'wrong_number' });
  await endCall(before.callId, 'failed', 'no_answers');
  await settleCall(before.callId, replicaA);
  expect(await lead(first)).toMatchObject({ status: 'failed', failure_reason: 'wrong_number', retry_count: 0 });

  const [second = 0] = await addLeads(1);
  const after = await claimed();
  await learnt(after.callId, {});
  await endCall(after.callId, 'failed', 'no_answers');
  await settleCall(after.callId, replicaA);
  expect(await lead(second)).toMatchObject({ status: 'new', retry_count: 1 });
  await learnt(after.callId, { disposition: 'wrong_number' });
  await waitIsOver();
  expect(await claimDueLeads(replicaA, 1)).toEqual([]);
  expect(await lead(second)).toMatchObject({ status: 'failed', failure_reason: 'wrong_number' });

  const operator = await nats.connect('ops');
  const answering = await answerCommands(replicaA, () => undefined);
  await ask(operator, callAgain, { leadId: second, who: 'asha', reason: 'the number was right' });
  expect((await claimed()).leadId).toBe(second);
  await Promise.all(answering.map((each) => each.stop()));
});

test('the next attempt knows the language asked for, and that a message was left', async () => {
  const [leadId = 0] = await addLeads(1);
  const first = await claimed();
  expect(first).toMatchObject({ language: null, messageLeft: false });
  await learnt(first.callId, { disposition: 'language_barrier', language: 'Tamil', messageLeft: true });
  await endCall(first.callId, 'failed', 'unanswered');
  await settleCall(first.callId, replicaA);
  await waitIsOver();
  expect(await claimed()).toMatchObject({ leadId, attempt: 2, language: 'Tamil', messageLeft: true });
});

test('the provider’s words are kept without numbers, and a guess is told as one', async () => {
  await addLeads(1);
  const { callId } = await claimed().then(async (claim) => {
    const phrase = 'Call to +91 98765 43210: subscriber absent';
    const told = { reason: 'unanswered', sipStatus: 480, rang: 'probably', numberFree: true } as const;
    await reportDial(claim, { kind: 'failed', ...told, phrase }, replicaA);
    return claim;
  });
  expect(await database.query(`select network_phrase from dials where call_id = $1`, [callId])).toEqual([
    { network_phrase: 'Call to …: subscriber absent' },
  ]);
  expect(
    await database.query(
      `select payload->>'rang' as rang, payload->>'rangProbably' as guess from dispatcher_outbox where subject = 'call.dial_failed'`,
    ),
  ).toEqual([{ rang: 'yes', guess: 'true' }]);
});

test('a trunk that says it was full costs the lead no attempt, and dialling pauses', async () => {
  const [leadId = 0] = await addLeads(1);
  const claim = await claimed();
  await permitDial(claim, replicaA);
  await reportDial(claim, { kind: 'not_dialled', because: 'no_channel', phrase: 'No channel free' }, replicaA);
  await endCall(claim.callId, 'failed', 'dispatch_failed');
  await settleCall(claim.callId, replicaA);
  expect(await lead(leadId)).toMatchObject({ status: 'new', retry_count: 0 });
  expect(await database.query(`select breaker_delay_ms from dial_control`)).toEqual([{ breaker_delay_ms: 5_000 }]);
  expect(await database.query(`select put_back_reason, network_phrase from dials`)).toEqual([
    { put_back_reason: 'no_channel', network_phrase: 'No channel free' },
  ]);
});

test('leads that are claimed together count against the caps, and hold their number, one after the other', async () => {
  const [first] = await addLeads(1, '+919812345678');
  await addLeads(1, '+919812345678');
  const others = await addLeads(4);
  const capped: Deps = { ...replicaA, policy: { ...replicaA.policy, maxConcurrentCalls: 3 } };
  const claims = await claimDueLeads(capped, 8);
  expect(claims.map(({ leadId }) => leadId)).toEqual([first, others[0], others[1]]);
  expect(await claimDueLeads(capped, 8)).toEqual([]);
  expect((await claimDueLeads(replicaA, 8)).map(({ leadId }) => leadId)).toEqual(others.slice(2));
});

test('500 leads of a number in use keep nobody waiting', async () => {
  await addLeads(500, '+919812345678');
  const [free] = await addLeads(1);
  const first = await claimed();
  expect(first.phone).toBe('+919812345678');
  expect((await claimed()).leadId).toBe(free);
  expect(await claimDueLeads(replicaA, 1)).toEqual([]);
});

test('an old program’s open call holds its number, and leads behind it go on', async () => {
  await addLeads(30, '+919812345678');
  await database.query(`insert into calls (phone, call_started_at) values ('9812345678', $1)`, [
    new Date(Date.now() + shiftMs - 60_000),
  ]);
  const [free] = await addLeads(1);
  expect((await claimed()).leadId).toBe(free);
  expect(await claimDueLeads(replicaA, 1)).toEqual([]);
  shiftMs += 15 * 60_000;
  expect((await claimed()).phone).toBe('+919812345678');
});

test('a permit and a revocation at the same moment: one of them wins, never both', async () => {
  await addLeads(30);
  for (let round = 0; round < 30; round++) {
    const claim = await claimed();
    const [permit, revoked] = await Promise.all([
      permitDial(claim, replicaA),
      revokeDial(claim.callId, { putBack: 'test' }, replicaB),
    ]);
    expect(permit.kind === 'permitted').toBe(!revoked);
  }
  expect(await database.query(`select 1 from dials where sent_at is not null and revoked_at is not null`)).toEqual([]);
});

test.for([
  ['the stop switch', () => stopAll({ who: 'test', reason: 'test' }, replicaB), { kind: 'refused', reason: 'stopped' }],
  [
    'do-not-call',
    ({ phone }: Claim) =>
      database.query(`insert into do_not_call (phone, reason, added_by) values ($1, 'asked', 'test')`, [phone]),
    { kind: 'refused', reason: 'do_not_call' },
  ],
  [
    'answers to an earlier call',
    ({ leadId, phone }: Claim) =>
      database.query(
        `insert into calls (lead_id, phone, status, qualification, attempt) values ($1, $2, 'called', '{"location": "Pune"}', 9)`,
        [leadId, phone],
      ),
    { kind: 'refused', reason: 'answered' },
  ],
  [
    'the lead settled',
    ({ leadId }: Claim) => database.query(`update leads set status = 'dispatched' where id = $1`, [leadId]),
    { kind: 'refused', reason: 'lead_not_new' },
  ],
  [
    'a window that shuts',
    async () => {
      shiftMs += 8.99 * 3_600_000;
      await database.query(`update dials set claimed_at = claimed_at + interval '8.99 hours'`);
    },
    { kind: 'refused', reason: 'window_shut' },
  ],
  [
    'time',
    async () => {
      shiftMs += 15_001;
    },
    { kind: 'lost' },
  ],
] as const)('between claim and permit: %s', async ([, meanwhile, expected]) => {
  await addLeads(1);
  const claim = await claimed();
  await meanwhile(claim);
  expect(await permitDial(claim, replicaA)).toEqual(expected);
  expect(await database.query(`select sent_at from dials where call_id = $1`, [claim.callId])).toEqual([
    { sent_at: null },
  ]);
});

test('permits keep the pace, the cap and the number, and count only what was sent', async () => {
  await addLeads(3);
  const slow: Deps = { ...replicaA, policy: { ...policy, paceMs: 400, maxConcurrentCalls: 3 } };
  const claims = [await claimed(slow), await claimed(slow), await claimed(slow)];
  const [first, second, third] = claims;
  if (first === undefined || second === undefined || third === undefined) throw new Error('three were claimed');
  expect((await permitDial(first, slow)).kind).toBe('permitted');
  expect(await permitDial(second, slow)).toMatchObject({ kind: 'ask_again', reason: 'pace' });
  shiftMs += 500;
  const capped: Deps = { ...slow, policy: { ...slow.policy, maxConcurrentCalls: 1 } };
  expect(await permitDial(second, capped)).toMatchObject({ kind: 'ask_again', reason: 'no_free_slot' });
  await database.query(`update dials set phone = $1 where call_id = $2`, [third.phone, first.callId]);
  expect(await permitDial(third, slow)).toMatchObject({ kind: 'ask_again', reason: 'number_in_use' });
  expect((await permitDial(second, slow)).kind).toBe('permitted');
});

test('permits that are asked for together, by two replicas, keep caps, numbers and pace as if asked for one by one', async () => {
  const free: Policy = { ...policy, paceMs: 0 };
  await addLeads(12);
  const claims = await claimDueLeads({ ...replicaA, policy: free }, 12);
  expect(claims).toHaveLength(12);
  // Two of them ring one number, as a database that was put together by hand may have it.
  const [first, twin] = claims;
  await database.query(`update leads set phone = $2 where id = $1`, [twin?.leadId, first?.phone]);
  await database.query(`update dials set phone = $2 where call_id = $1`, [twin?.callId, first?.phone]);
  const asking = claims.map((claim) => ({ ...claim, phone: claim === twin ? (first?.phone ?? '') : claim.phone }));
  const [mine, theirs] = [asking.filter((_, n) => n % 2 === 0), asking.filter((_, n) => n % 2 === 1)];
  const capped = { ...free, maxConcurrentCalls: 5 };
  const permits = (
    await Promise.all([
      permitDials(mine, { ...replicaA, policy: capped }),
      permitDials(theirs.toReversed(), { ...replicaB, policy: capped }),
    ])
  ).flat();
  expect(permits.filter(({ kind }) => kind === 'permitted')).toHaveLength(5);
  const sent = await database.query<{ phone: string; aggregate: string | null }>(
    `select d.phone, o.aggregate from dials d
       left join dispatcher_outbox o on o.aggregate = 'call/' || d.call_id and o.subject = 'call.dialing'
      where d.sent_at is not null`,
  );
  expect(new Set(sent.map(({ phone }) => phone)).size).toBe(5);
  expect(sent.every(({ aggregate }) => aggregate !== null)).toBe(true);
  expect(await database.query(`select 1 from dispatcher_outbox where subject = 'call.dialing'`)).toHaveLength(5);

  const paced: Policy = { ...policy, paceMs: 200 };
  const left = asking.filter((_, n) => permits[n] !== undefined);
  const next = await permitDials(left.slice(1), { ...replicaA, policy: paced });
  expect(next.filter(({ kind }) => kind === 'permitted').length).toBeLessThanOrEqual(1);
});

test('permits of groups and replicas are for times that the pace allows, each step apart', async () => {
  await addLeads(12);
  const paced: Policy = { ...policy, paceMs: 20 };
  const [a, b] = [
    { ...replicaA, policy: paced },
    { ...replicaB, policy: paced },
  ];
  const claims = await claimDueLeads(a, 12);
  const first = await permitDials(claims.slice(0, 3), a);
  expect(first.map((permit) => (permit.kind === 'permitted' ? permit.afterMs : undefined))).toEqual([0, 20, 40]);
  // The next group finds the times of the first taken, and the last of it has to ask again.
  const second = await permitDials(claims.slice(3), b);
  expect(second.at(-1)).toMatchObject({ kind: 'ask_again', reason: 'pace' });
  const permitted = [...first, ...second].filter(({ kind }) => kind === 'permitted').length;
  const sent = await database.query<{ at: string }>(
    `select extract(epoch from sent_at) * 1000 as at from dials where sent_at is not null order by sent_at`,
  );
  expect(sent).toHaveLength(permitted);
  expect(permitted).toBeGreaterThan(4);
  const times = sent.map(({ at }) => Number(at));
  for (const [n, at] of times.entries()) if (n > 0) expect(at - (times[n - 1] ?? 0)).toBeGreaterThan(18.9);
  const [control] = await database.query<{ at: string }>(
    `select extract(epoch from next_dial_at) * 1000 as at from dial_control`,
  );
  expect(Number(control?.at)).toBeCloseTo((times.at(-1) ?? 0) + 20, 0);
});

test('an agent that came ends the count of those that did not, once', async () => {
  await addLeads(1);
  const claim = await claimed();
  const failures = async (): Promise<number | undefined> =>
    (await database.query<{ n: number }>(`select startup_failures as n from dial_control`))[0]?.n;
  const full: Deps = { ...replicaA, policy: { ...policy, maxConcurrentCalls: 0 } };
  await database.query(`update dial_control set startup_failures = 2`);
  expect(await permitDial(claim, full)).toMatchObject({ kind: 'ask_again', reason: 'no_free_slot' });
  expect(await failures()).toBe(2);
  await permitDial({ ...claim, agentJustCame: true }, full);
  expect(await failures()).toBe(0);
});

test('one of a group whose permit throws takes nobody’s with it', async () => {
  await addLeads(6);
  const claims = await claimDueLeads(replicaA, 6);
  const bad = claims[2];
  // What an operator asked for is not what it should be: reading it throws.
  await database.query(
    `insert into dispatcher_audit (action, who, reason, lead_id, details) values ('call_again', 'test', 'test', $1, '{"newestCallId": "many"}')`,
    [bad?.leadId],
  );
  const permits = permitTogether({ ...replicaA, policy: { ...policy, paceMs: 0 } });
  const asked = await Promise.allSettled(claims.map((claim) => permits.add(claim)));
  expect(asked.map((each) => (each.status === 'fulfilled' ? each.value.kind : 'thrown'))).toEqual([
    'permitted',
    'permitted',
    'thrown',
    'permitted',
    'permitted',
    'permitted',
  ]);
});

test('a lead that can’t be claimed is set aside by itself, and those beside it are claimed', async () => {
  const ids = await addLeads(6);
  const bad = ids[1] ?? 0;
  await database.query(
    `insert into dispatcher_audit (action, who, reason, lead_id, details) values ('call_again', 'test', 'test', $1, '{"newestCallId": "many"}')`,
    [bad],
  );
  const claims = await claimDueLeads(replicaA, 4);
  expect(claims.map(({ leadId }) => leadId)).toEqual([ids[0], ids[2], ids[3]]);
  const { retry_after: retryAfter } = await lead(bad);
  expect(retryAfter).not.toBeNull();
  expect((await claimDueLeads(replicaA, 4)).map(({ leadId }) => leadId)).toEqual(ids.slice(4));
});

test('a group whose COMMIT is not heard of rings nobody, and is not permitted again', async () => {
  await addLeads(3);
  const claims = await claimDueLeads(replicaA, 3);
  let isCut = true;
  const cut: Deps['postgres'] = {
    ...replicaA.postgres,
    async transactionEndingWith(work) {
      const result = await replicaA.postgres.transactionEndingWith(work);
      if (isCut) throw new Error('Connection terminated unexpectedly');
      return result;
    },
  };
  const permits = permitTogether({ ...replicaA, postgres: cut, policy: { ...policy, paceMs: 0 } });
  const asked = await Promise.allSettled(claims.map((claim) => permits.add(claim)));
  expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(await database.query(`select 1 from dials where sent_at is not null`)).toHaveLength(3);
  isCut = false;
  const again = await Promise.all(claims.map((claim) => permits.add(claim)));
  expect(again.map(({ kind }) => kind)).toEqual(['lost', 'lost', 'lost']);
  for (const { callId } of claims) expect(await revokeDial(callId, { putBack: 'test' }, replicaA)).toBe(false);
});

test('a database’s clock that is set back keeps nobody from being dialled', async () => {
  await addLeads(2);
  expect((await permitDial(await claimed(), replicaA)).kind).toBe('permitted');
  shiftMs -= 3_600_000;
  await database.query(`update leads set created_at = created_at - interval '2 hours', retry_after = null where status = 'new'
    and not exists (select from calls where lead_id = leads.id)`);
  expect((await permitDial(await claimed(), replicaA)).kind).toBe('permitted');
});

test('a call holds a channel until the tracker says that it is free, decided or not', async () => {
  await addLeads(2);
  const [first, second] = [await claimed(), await claimed()];
  await permitDial(first, replicaA);
  const capped: Deps = { ...replicaA, policy: { ...policy, maxConcurrentCalls: 1 } };
  const permit = async (): Promise<string> => {
    shiftMs += 100;
    return (await permitDial(second, capped)).kind;
  };
  const freeAt = (inMs: number | null): Promise<unknown> =>
    database.query(
      `insert into call_facts (call_id, slot_free_at, number_free_at) values ($1, $2, $2)
       on conflict (call_id) do update set slot_free_at = excluded.slot_free_at`,
      [first.callId, inMs === null ? null : new Date(Date.now() + shiftMs + inMs)],
    );
  expect(await permit()).toBe('ask_again');
  await freeAt(null);
  expect(await permit()).toBe('ask_again');
  await endCall(first.callId, 'failed', 'unanswered');
  await settleCall(first.callId, replicaA);
  expect(await permit()).toBe('ask_again');
  await freeAt(60_000);
  expect(await permit()).toBe('ask_again');
  await freeAt(0);
  expect(await permit()).toBe('permitted');
});

test('an answer was when it was told, however late the database takes it', async () => {
  await addLeads(1);
  const claim = await claimed();
  await permitDial(claim, replicaA);
  const before = Date.now() + shiftMs;
  await reportDial(claim, { kind: 'answered', sipCallId: 'SCL_1' }, replicaA, performance.now() - 4_000);
  const [event] = await database.query<{ payload: { answeredAt: string } }>(
    `select payload from dispatcher_outbox where subject = 'call.answered'`,
  );
  const late = Date.parse(event?.payload.answeredAt ?? '') - (before - 4_000);
  expect(late).toBeGreaterThan(-1_000);
  expect(late).toBeLessThan(2_000);
});

test('an end decided by two replicas many times counts once', async () => {
  const [id] = await addLeads(1);
  const claim = await claimed();
  await permitDial(claim, replicaA);
  await endCall(claim.callId, 'failed', 'unanswered');
  await Promise.all(Array.from({ length: 12 }, (_, n) => settleCall(claim.callId, n % 2 === 0 ? replicaA : replicaB)));
  expect(await lead(id ?? 0)).toMatchObject({ status: 'new', retry_count: 1 });
  expect(
    await database.query(`select count(*)::int as n from dispatcher_outbox where subject = 'lead.retry_scheduled'`),
  ).toEqual([{ n: 1 }]);
});

test('a leg that is heard of while its call is decided takes no retry away', async () => {
  const ids = await addLeads(20);
  for (const id of ids) {
    const claim = await claimed();
    expect(claim.leadId).toBe(id);
    await endCall(claim.callId, 'failed', 'unanswered');
    await Promise.all([setLeadDispatched(claim.callId, replicaA), settleCall(claim.callId, replicaB)]);
    await setLeadDispatched(claim.callId, replicaA);
    expect(await lead(id)).toMatchObject({ status: 'new', retry_count: 1 });
  }
});

test('retries end when they are used up, and late answers settle the lead after all', async () => {
  const [id = 0] = await addLeads(1);
  let last = 0;
  for (let attempt = 1; attempt <= 3; attempt++) {
    const claim = await claimed();
    expect(claim.attempt).toBe(attempt);
    await permitDial(claim, replicaA);
    await endCall(claim.callId, 'failed', 'rejected');
    await database.query(`insert into call_facts (call_id, number_free_at, slot_free_at) values ($1, $2, $2)`, [
      claim.callId,
      new Date(Date.now() + shiftMs),
    ]);
    await settleEndedCalls(replicaB);
    shiftMs += 61_000;
    last = claim.callId;
  }
  expect(await lead(id)).toMatchObject({ status: 'failed', failure_reason: 'retries_used_up', retry_count: 3 });
  await endCall(last, 'called', null);
  await settleEndedCalls(replicaA);
  expect(await lead(id)).toMatchObject({ status: 'dispatched' });
});

test('what proved not dialled spends nothing ten times, and the eleventh time does', async () => {
  const [id = 0] = await addLeads(1);
  for (let times = 1; times <= 11; times++) {
    const claim = await claimed();
    expect((await permitDial(claim, replicaA)).kind).toBe('permitted');
    await reportDial(claim, { kind: 'not_dialled', because: 'no_bridge' }, replicaA);
    await endCall(claim.callId, 'failed', 'dispatch_failed');
    await database.query(`update dials set probe = false where call_id = $1`, [claim.callId]);
    await settleCall(claim.callId, replicaA);
    expect((await lead(id)).retry_count).toBe(times <= 10 ? 0 : 1);
    shiftMs += 120_000;
    await database.query(`insert into call_facts (call_id, number_free_at, slot_free_at) values ($1, $2, $2)`, [
      claim.callId,
      new Date(Date.now() + shiftMs - 1_000),
    ]);
  }
});

test('a tripped breaker lets one probe through over all replicas', async () => {
  await addLeads(5);
  const claim = await claimed();
  await permitDial(claim, replicaA);
  await reportDial(claim, { kind: 'not_dialled', because: 'no_bridge' }, replicaA);
  expect(await claimDueLeads(replicaB, 1)).toEqual([]);
  shiftMs += 5_100;
  const claims = (
    await Promise.all([replicaA, replicaB, replicaA, replicaB].map((deps) => claimDueLeads(deps, 1)))
  ).flat();
  expect(claims.map(({ probe }) => probe)).toEqual([true]);
});

test('a lead whose agent never comes is not the probe again before the others had their turn', async () => {
  const ids = await addLeads(3);
  const [first, second] = ids;
  await database.query(`update dial_control set breaker_open_until = $1, breaker_delay_ms = 5000`, [
    new Date(Date.now() + shiftMs),
  ]);
  const probed: number[] = [];
  for (let n = 0; n < 5; n++) {
    const claim = await claimed();
    probed.push(claim.leadId);
    await revokeDial(claim.callId, { putBack: 'agent_absent' }, replicaA);
    await endCall(claim.callId, 'failed', 'dispatch_failed');
    await settleCall(claim.callId, replicaA);
    shiftMs += 60_000;
  }
  expect(probed).toEqual([...ids, first, second]);
});

test('unsent dials of a dead owner are put back by any replica, and told', async () => {
  const [id = 0] = await addLeads(1);
  const claim = await claimed(replicaA);
  await revokeUnsentDials(replicaB);
  expect(await permitDial(claim, replicaA)).toMatchObject({ kind: 'permitted' });
  await database.query(`update dials set sent_at = null`);
  shiftMs += 17_000;
  await revokeUnsentDials(replicaB);
  expect(await permitDial(claim, replicaA)).toEqual({ kind: 'lost' });
  expect(
    await database.query(
      `select payload->>'reason' as reason, payload->>'rang' as rang from dispatcher_outbox where subject = 'call.dial_failed'`,
    ),
  ).toEqual([{ reason: 'dispatch_failed', rang: 'no' }]);
  await endCall(claim.callId, 'failed', 'dispatch_failed');
  await settleCall(claim.callId, replicaB);
  expect(await lead(id)).toMatchObject({ status: 'new', retry_count: 0 });
});

test('a lead that waited too long, or has no mobile number, fails without a call', async () => {
  const [old = 0] = await addLeads(1);
  const [odd = 0] = await addLeads(1, '022 2345 6789');
  await database.query(`update leads set created_at = created_at - interval '8 days' where id = $1`, [old]);
  expect(await claimDueLeads(replicaA, 1)).toEqual([]);
  expect(await lead(old)).toMatchObject({ status: 'failed', failure_reason: 'too_old' });
  expect(await lead(odd)).toMatchObject({ status: 'failed', failure_reason: 'invalid_number' });
});

test('the agent is told every product that the buyer asked for, and talks as the lead’s connection wants', async () => {
  const [leadId = 0] = await addLeads(1);
  await database.query(`update leads set product_name = 'Paper cup machine' where id = $1`, [leadId]);
  await database.query(
    `insert into lead_origins (lead_id, connection_id, is_test, agent_mode) values ($1, gen_random_uuid(), false, 'openai_realtime')`,
    [leadId],
  );
  for (const product of ['Dona machine', null, 'Paper cup machine', 'Forklift']) {
    await database.query(
      `insert into lead_enquiries (receipt_id, lead_id, source, product_name, enquired_at)
       values (gen_random_uuid(), $1, 'justdial', $2, now())`,
      [leadId, product],
    );
  }
  expect(await claimed()).toMatchObject({
    leadId,
    products: ['Paper cup machine', 'Dona machine', 'Forklift'],
    mode: 'openai_realtime',
  });
});

test.for([
  ['a test of a connection', `insert into lead_origins values ($1, gen_random_uuid(), null, true, null)`, 'test_lead'],
  ['a listed number', `insert into lead_origins values ($1, gen_random_uuid(), true, false, null)`, 'dnd_listed'],
  [
    'a number that a further enquiry says is listed',
    `insert into lead_enquiries (receipt_id, lead_id, source, enquired_at, dnd_flag)
     values (gen_random_uuid(), $1, 'justdial', now(), true)`,
    'dnd_listed',
  ],
] as [string, string, string][])('%s is never dialled, also when asked for again', async ([_what, insert, reason]) => {
  const [leadId = 0] = await addLeads(1);
  await database.query(insert, [leadId]);
  expect(await claimDueLeads(replicaA, 1)).toEqual([]);
  expect(await lead(leadId)).toMatchObject({ status: 'failed', failure_reason: reason });
  await database.query(`update leads set status = 'new', failure_reason = null where id = $1`, [leadId]);
  expect(await claimDueLeads(replicaB, 1)).toEqual([]);
  expect(await lead(leadId)).toMatchObject({ status: 'failed', failure_reason: reason });
});

test('people’s commands are answered, audited, and name what is wrong', async () => {
  const answering = await answerCommands(replicaA, () => undefined);
  const ops = await nats.connect('ops');
  const by = { who: 'asha', reason: 'test' };
  const [id = 0] = await addLeads(1, '+919812345678');

  expect(await ask(ops, explain, { leadId: id })).toMatchObject({ kind: 'dial' });
  expect(await ask(ops, addDoNotCall, { phone: '98123 45678', ...by })).toMatchObject({ onTheList: true });
  expect(await ask(ops, explain, { leadId: id })).toMatchObject({ kind: 'refuse', reason: 'do_not_call' });
  expect(await ask(ops, removeDoNotCall, { phone: '+919812345678', ...by })).toMatchObject({ onTheList: false });
  expect(await ask(ops, stopDialling, by)).toMatchObject({ state: 'stopped', stoppedBy: 'asha' });
  expect(await ask(ops, explain, { leadId: id })).toMatchObject({ kind: 'wait', reason: 'stopped' });
  expect(await ask(ops, startDialling, by)).toMatchObject({ state: 'running' });
  await database.query(`update leads set status = 'failed', failure_reason = 'retries_used_up' where id = $1`, [id]);
  await ask(ops, callAgain, { leadId: id, ...by });
  expect(await lead(id)).toMatchObject({ status: 'new', failure_reason: null });
  await expect(ask(ops, callAgain, { leadId: id } as never)).rejects.toThrow(/who: .*reason: /);
  await expect(ask(ops, explain, { leadId: 999_999 })).rejects.toThrow('leadId: there is no lead 999999');
  const audited = await database.query<{ action: string }>(`select action from dispatcher_audit order by id`);
  expect(audited.map(({ action }) => action)).toEqual([
    'add_do_not_call',
    'remove_do_not_call',
    'stop_dialling',
    'start_dialling',
    'call_again',
  ]);
  await Promise.all(answering.map((each) => each.stop()));
});
