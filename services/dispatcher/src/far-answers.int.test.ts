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
import { settleCall } from './settle-lead.ts';

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
async function addLead(name = 'Asha'): Promise<{ id: number; phone: string }> {
  const phone = `+91982500${String(++people).padStart(4, '0')}`;
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
