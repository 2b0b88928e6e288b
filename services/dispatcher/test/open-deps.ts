import { openLiveKit, type LiveKit } from '@leadline/telephony/livekit';
import type { TestDatabase } from '@leadline/testing/database';
import type { TestNats } from '@leadline/testing/nats';
import { nowhere, testSettings } from '@leadline/world/test-settings';
import { silentLog } from '@leadline/testing/silent-log';
import { readDispatcherConfig, toPolicy } from '../src/config.ts';
import type { Deps } from '../src/deps.ts';
import { createMetrics } from '../src/metrics.ts';
import { openCommits } from '../src/open-commits.ts';

/** Noon in India, a Tuesday, inside the window of these tests. */
export const noon = Date.parse('2026-11-24T12:00:00+05:30');

/** Wide caps, no pause after a talk, and each retry a minute later to the millisecond. */
const usual = {
  CALL_WINDOW: 'mon-sun 09:00-21:00',
  CALLS_PER_SECOND: '1000',
  MAX_CONCURRENT_CALLS: '1000',
  MAX_CALL_RETRIES: '2',
  CONTACT_PAUSE_HOURS: '0',
  CLOSING_DISPOSITIONS: 'wrong_number',
  RETRY_JITTER: '0',
  RETRY_DELAYS: 'unanswered=60s rejected=60s dispatch_failed=60s startup_failed=60s stale_timeout=60s no_answers=60s',
};

/** Agents' reports count as received, and no backup has been restored. */
export const nothingLost: Pick<Deps, 'reports' | 'generation'> = {
  reports: { isHeard: () => Promise.resolve(true as const) },
  generation: {
    knowledge: () => Promise.resolve('current'),
    knowledgeOf: () => 'current',
    holds: () => Promise.resolve(true),
    compare: () => Promise.resolve([]),
    stop: () => Promise.resolve(),
  },
};

/** A LiveKit without answers. */
const noLiveKit = openLiveKit({ url: nowhere, apiKey: 'none', apiSecret: 'none', agentName: 'none' });

/** A LiveKit that takes each dispatch of an agent, but no agent ever comes. */
export const withoutAgents: LiveKit = {
  ...noLiveKit,
  isSimulator: () => Promise.resolve(true),
  makeRoomWithAgent: () => Promise.resolve(),
  look: () => Promise.resolve({ leg: undefined, agentPresent: false }),
  endRoom: () => Promise.resolve(),
};

/**
 * What the steps of one replica touch, on the test's own servers. Its clock is the database's, moved by `shiftMs`. It
 * draws no random number, LiveKit does not answer, and nothing was lost: a test that needs these puts its own in their
 * place. `settings` override the usual ones. The servers close what this opens.
 */
export async function openDeps(
  { database, nats }: { database: TestDatabase; nats: TestNats },
  shiftMs: () => number,
  settings: Record<string, string> = {},
): Promise<Deps> {
  const config = readDispatcherConfig(testSettings('dispatcher', { db: database, nats }, { ...usual, ...settings }));
  const postgres = await database.open('dispatcher', 20);
  return {
    ...nothingLost,
    postgres,
    commits: openCommits(postgres),
    nats: await nats.connect('dispatcher'),
    livekit: noLiveKit,
    now: (databaseTime) => new Date(databaseTime.getTime() + shiftMs()),
    random: () => 0,
    log: silentLog,
    metrics: createMetrics(),
    policy: toPolicy(config),
    owner: 'test',
  };
}

/** Empties every table that the dispatcher reads, and lets it dial again: no stop, no pace to keep, a closed breaker. */
export async function startOver(database: TestDatabase): Promise<void> {
  await database.query(
    `truncate leads, lead_receipts, calls, dials, call_facts, lead_waits, do_not_call, callbacks, crm_enquiries,
              dispatcher_audit, dispatcher_outbox cascade`,
  );
  await database.query(
    `update dial_control set stopped_at = null, next_dial_at = null, breaker_open_until = null, breaker_delay_ms = null,
                             startup_failures = 0, unknown_number_calls = null`,
  );
}
