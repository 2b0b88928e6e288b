import { oddities } from '@leadline/simulator/odd-answers';
import { readSimulatorConfig } from '@leadline/simulator/config';
import { startSimulator, type Simulator } from '@leadline/simulator/start-simulator';
import { openLiveKit } from '@leadline/telephony/livekit';
import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { testKeys, testSimulatorSettings } from '@leadline/world/test-settings';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { noon, openDeps, startOver } from '../test/open-deps.ts';
import { agentReadiness } from './await-agent.ts';
import { claimDueLeads } from './claim-due-leads.ts';
import type { Deps } from './deps.ts';
import { permitTogether } from './permit-together.ts';
import { placeCall } from './place-call.ts';
import { openCommits } from './open-commits.ts';
import { permitDials } from './permit-dial.ts';
import { reportDial } from './report-dial.ts';
import { settleCall, settleEndedCalls } from './settle-lead.ts';
import { diallingState } from './switch-dialling.ts';

// What an attempt becomes after each answer that LiveKit may give to each of its requests.
let database: TestDatabase;
let nats: TestNats;
let simulator: Simulator;
let folder: string;
let deps: Deps;
let shiftMs = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'leadline-far-livekit-'));
  [database, nats] = await Promise.all([testDatabase(), testNats()]);
  simulator = await startSimulator(
    readSimulatorConfig(
      testSimulatorSettings(folder, {
        SIMULATED_RING_SECONDS: '0.05',
        SIMULATED_TALK_SECONDS: '0.2',
        TIME_FACTOR: '10',
      }),
    ),
  );
  const opened = await openDeps({ database, nats }, () => shiftMs, { RING_SECONDS: '5' });
  deps = {
    ...opened,
    policy: { ...opened.policy, agentWaitMs: 1_200 },
    livekit: openLiveKit({
      url: simulator.url,
      apiKey: testKeys.liveKitKey,
      apiSecret: testKeys.liveKitSecret,
      agentName: 'leadline-agent',
    }),
  };
});
afterAll(async () => {
  await simulator.stop();
  await nats.close();
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  shiftMs = noon - Date.now();
  await startOver(database);
});

let people = 0;
async function addLead(
  name = 'Asha',
  phone = `+91982500${String(++people).padStart(4, '0')}`,
): Promise<{ id: number; phone: string }> {
  const [lead] = await database.query<{ id: number }>(
    `insert into leads (name, phone, source, created_at) values ($1, $2, 'website', $3) returning id`,
    [name, phone, new Date(Date.now() + shiftMs - 60_000)],
  );
  return { id: lead?.id ?? 0, phone };
}
const answers = async (given: object[]): Promise<void> => {
  const response = await fetch(`${simulator.url}/control/faults`, {
    method: 'POST',
    body: JSON.stringify({ answers: given }),
  });
  expect(response.ok).toBe(true);
};
/** One attempt at the next due lead, with what it came to. */
async function attempt(): Promise<{ leadId: number; callId: number; became: string; breaker: 'open' | 'closed' }> {
  const [claim] = await claimDueLeads(deps, 1);
  if (claim === undefined) throw new Error('nothing was claimed');
  const guard = { blockedBy: () => Promise.resolve(undefined) };
  const waits = {
    readiness: agentReadiness(),
    guard,
    permits: permitTogether(deps),
    stopping: new AbortController().signal,
  };
  await claim.span.run(() => placeCall(claim, waits, deps));
  const [told] = await database.query<{ became: string | null; breaker: 'open' | 'closed' }>(
    `select coalesce(d.put_back_reason, (select o.payload->>'reason' from dispatcher_outbox o
                       where o.subject = 'call.dial_failed' and o.aggregate = 'call/' || d.call_id),
                     (select 'answered' from dispatcher_outbox o
                       where o.subject = 'call.answered' and o.aggregate = 'call/' || d.call_id)) as became,
            case when c.breaker_delay_ms is null then 'closed' else 'open' end as breaker
       from dials d, dial_control c where d.call_id = $1`,
    [claim.callId],
  );
  return {
    leadId: claim.leadId,
    callId: claim.callId,
    became: told?.became ?? 'unknown',
    breaker: told?.breaker ?? 'closed',
  };
}
/** Nobody is rung, nothing is spent, and everybody waits for the breaker. */
const nobodyRung = 'agent_unreachable, breaker open';
/** Nobody dials again for it: what LiveKit shows and says later settles the call. */
const silence = 'unknown, breaker closed';

/** docs/build/voice-agents.md tells the same. */
const becomes: Record<string, Record<(typeof oddities)[number], string>> = {
  CreateRoom: {
    blank: nobodyRung,
    white_space: nobodyRung,
    empty_list: nobodyRung,
    null: nobodyRung,
    error_row: nobodyRung,
    error_text: nobodyRung,
    conflict: nobodyRung,
    not_yet: nobodyRung,
    // Taken, and no agent comes.
    empty_object: 'startup_failed, breaker closed',
    refused: 'agent_refused, breaker closed',
  },
  ListParticipants: {
    blank: nobodyRung,
    white_space: nobodyRung,
    empty_list: nobodyRung,
    null: nobodyRung,
    error_row: nobodyRung,
    error_text: nobodyRung,
    conflict: nobodyRung,
    not_yet: nobodyRung,
    empty_object: 'startup_failed, breaker closed',
    refused: nobodyRung,
  },
  CreateSIPParticipant: {
    blank: silence,
    white_space: silence,
    empty_list: silence,
    null: silence,
    empty_object: silence,
    error_row: silence,
    error_text: silence,
    conflict: silence,
    not_yet: 'no_bridge, breaker open',
    refused: 'dispatch_failed, breaker closed',
  },
};

test.for(Object.keys(becomes).flatMap((to) => oddities.map((says) => [to, says] as const)))(
  '%s is answered %s',
  async ([to, says]) => {
    await addLead();
    await answers([{ to, says }]);
    const { became, breaker } = await attempt();
    expect(`${became}, breaker ${breaker}`).toBe(becomes[to]?.[says]);
  },
);

test('for an agent of another name in the room nobody is rung', async () => {
  await addLead();
  const [ours, login] = [deps, { url: simulator.url, apiKey: testKeys.liveKitKey, apiSecret: testKeys.liveKitSecret }];
  const theirs = openLiveKit({ ...login, agentName: 'a-tutorial' });
  const seen: boolean[] = [];
  const look = async (room: string) => {
    seen.push((await theirs.look(room)).agentPresent);
    return ours.livekit.look(room);
  };
  const makeRoomWithAgent = (room: string, metadata: string) => theirs.makeRoomWithAgent(room, metadata);
  deps = { ...ours, livekit: { ...ours.livekit, makeRoomWithAgent, look } };
  try {
    expect((await attempt()).became).toBe('startup_failed');
    expect(seen.at(-1)).toBe(true);
  } finally {
    deps = ours;
  }
});

test('a dispatch that is refused for one lead’s sake holds up nobody else, and comes to an end that people see', async () => {
  const odd = await addLead();
  await answers([{ to: 'CreateRoom', says: 'refused', about: odd.phone }]);
  const became: string[] = [];
  const state = async () =>
    (
      await database.query<{ status: string; failure_reason: string | null; retry_after: Date | null }>(
        `select status, failure_reason, retry_after from leads where id = $1`,
        [odd.id],
      )
    )[0];
  for (let attempts = 1; attempts <= 20 && (await state())?.status === 'new'; attempts++) {
    const tried = await attempt();
    expect([tried.leadId, tried.breaker]).toEqual([odd.id, 'closed']);
    became.push(tried.became);
    // As the tracker ends it.
    await database.query(`update calls set status = 'failed', failure_reason = 'dispatch_failed' where id = $1`, [
      tried.callId,
    ]);
    await settleCall(tried.callId, deps);
    if (attempts === 3) {
      const other = await addLead();
      expect(await attempt()).toMatchObject({ leadId: other.id, became: 'answered', breaker: 'closed' });
    }
    const { retry_after: next } = (await state()) ?? {};
    shiftMs += Math.max(0, (next?.getTime() ?? 0) - (Date.now() + shiftMs)) + 1_000;
  }
  expect(became).toEqual(Array.from({ length: 13 }, () => 'agent_refused'));
  expect(await state()).toMatchObject({ status: 'failed', failure_reason: 'retries_used_up' });
});

test('what a buyer asked for how often and at what length goes to the agent within LiveKit’s limit', async () => {
  const { id } = await addLead('A'.repeat(5_000));
  await database.query(
    `insert into lead_enquiries (receipt_id, lead_id, source, product_name, enquired_at)
     select gen_random_uuid(), $1, 'form', n || repeat(' मशीन', 100), now() from generate_series(1, 3000) n`,
    [id],
  );
  await answers([]);
  expect(await attempt()).toMatchObject({ leadId: id, became: 'answered' });
});

/** A lead whose number the simulator's trunk does not know. */
const addUnknown = (): Promise<{ id: number }> => addLead('Asha', `+91982${String(++people).padStart(4, '0')}404`);

/** Ends a call as the tracker does. */
async function endUnknown(callId: number): Promise<void> {
  await database.query(
    `update calls set status = 'failed', failure_reason = 'dispatch_failed', sip_status = 404 where id = $1`,
    [callId],
  );
  await database.query(
    `insert into call_facts (call_id, slot_free_at, number_free_at) values ($1, '2026-01-01', '2026-01-01')`,
    [callId],
  );
}

async function leadsBecame(): Promise<string[]> {
  const found = await database.query<{ became: string }>(
    `select concat_ws(' ', status, failure_reason, case when retry_after is not null then 'waits' end) as became
       from leads order by id`,
  );
  return found.map(({ became }) => became);
}

/** Dials the next due lead's unknown number, and decides what becomes of the lead. */
async function dialUnknown(): Promise<{ leadId: number; breaker: string }> {
  const { leadId, callId, breaker } = await attempt();
  await endUnknown(callId);
  await settleCall(callId, deps);
  await settleEndedCalls(deps);
  return { leadId, breaker };
}

const passPause = (): void => {
  shiftMs += 5 * 60_000;
};

test('a trunk that knows no number ends no lead, and a number that is really wrong ends once the trunk works', async () => {
  const wrong: number[] = [];
  for (let n = 1; n <= 4; n++) {
    wrong.push((await addUnknown()).id);
    expect(await dialUnknown()).toEqual({ leadId: wrong.at(-1), breaker: 'closed' });
  }
  const ended = 'failed no_such_number';
  expect(await leadsBecame()).toEqual([ended, ended, ended, ended]);
  await addUnknown();
  expect((await dialUnknown()).breaker).toBe('open');
  const waits = 'new waits';
  expect(await leadsBecame()).toEqual([waits, waits, waits, waits, waits]);
  expect(await diallingState(deps)).toMatchObject({ pausedBecause: 'numbers_unknown' });
  expect(
    await database.query(
      `select count(*)::int as n from dispatcher_outbox where subject = 'lead.retry_scheduled' and payload->>'reason' = 'numbers_unknown'`,
    ),
  ).toEqual([{ n: 5 }]);
  expect(await claimDueLeads(deps, 1)).toEqual([]);

  // However long it lasts, probes end nobody.
  const probed = new Set<number>();
  for (let n = 1; n <= 10; n++) {
    passPause();
    const { leadId, breaker } = await dialUnknown();
    probed.add(leadId);
    expect(breaker).toBe('open');
  }
  expect(await leadsBecame()).toEqual([waits, waits, waits, waits, waits]);
  expect(probed.size).toBe(5);

  // The trunk is mended, but one number is wrong all the same.
  const [wrongId = 0] = wrong;
  await database.query(`update leads set phone = '+9198259' || lpad((id % 100)::text, 5, '0') where id <> $1`, [
    wrongId,
  ]);
  const heard: string[] = [];
  for (let n = 1; n <= 6 && !(await leadsBecame()).includes(ended); n++) {
    passPause();
    const { callId, became, breaker } = await attempt();
    heard.push(`${became}, ${breaker}`);
    if (became === 'answered') continue;
    await endUnknown(callId);
    await settleCall(callId, deps);
  }
  expect(heard).toContain('answered, closed');
  expect(heard.at(-1)).toBe('dispatch_failed, closed');
  expect((await leadsBecame()).filter((became) => became === ended)).toHaveLength(1);
});

const noSuchNumber = {
  kind: 'failed',
  reason: 'dispatch_failed',
  sipStatus: 404,
  rang: 'unknown',
  numberFree: true,
} as const;

async function dialFive(): Promise<Awaited<ReturnType<typeof claimDueLeads>>> {
  for (let n = 1; n <= 5; n++) await addUnknown();
  const claims = await claimDueLeads(deps, 5);
  await permitDials(claims, deps);
  await Promise.all(claims.map(({ callId }) => endUnknown(callId)));
  return claims;
}

test('whether leads are decided on before or after the trunk is doubted, none is lost', async () => {
  for (let round = 1; round <= 5; round++) {
    await startOver(database);
    const claims = await dialFive();
    expect(claims).toHaveLength(5);
    // Two replicas tell and decide at the same time.
    const tell = (claim: (typeof claims)[number]): Promise<void> => reportDial(claim, noSuchNumber, deps);
    const decided = claims.map(({ callId }) => settleCall(callId, { ...deps, commits: openCommits(deps.postgres) }));
    await Promise.all([...claims.map(tell), ...decided]);
    await settleEndedCalls(deps);
    expect(await leadsBecame()).toEqual(Array.from({ length: 5 }, () => 'new waits'));
  }
});

test('a lead is not ended by what was read before its dial was put back', async () => {
  const [claim] = await dialFive();
  if (claim === undefined) throw new Error('nothing was claimed');
  let settled: Promise<void> | undefined;
  await deps.postgres.transaction(async (sql) => {
    await sql.query(`update dials set put_back_reason = 'numbers_unknown' where call_id = $1`, [claim.callId]);
    settled = settleCall(claim.callId, deps);
    await expect
      .poll(() =>
        database.query<{ waits: boolean }>(
          `select count(*) > 0 as waits from pg_stat_activity where wait_event_type = 'Lock' and query like '%set decided_at%'
              and datname = current_database()`,
        ),
      )
      .toEqual([{ waits: true }]);
  });
  await settled;
  await settleEndedCalls(deps);
  expect((await leadsBecame())[0]).toBe('new waits');
});
