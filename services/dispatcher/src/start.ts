import { agentReady } from '@leadline/contracts/events/agent-ready';
import type { Database } from '@leadline/database/open-database';
import type { Nats } from '@leadline/messaging/connect';
import { answerHealth } from '@leadline/messaging/answer-health';
import { consume } from '@leadline/messaging/consume';
import { startAdvisoryNet } from '@leadline/messaging/advisory-net';
import { listenTo } from '@leadline/messaging/listen';
import { startRelay } from '@leadline/messaging/relay';
import { streamsReady } from '@leadline/messaging/streams-ready';
import { probe, startAdminServer } from '@leadline/service-kit/admin-server';
import { within } from '@leadline/time/within';
import { forgetAfter } from '@leadline/service-kit/forget-after';
import { every } from '@leadline/service-kit/every';
import type { Log } from '@leadline/service-kit/logger';
import { dialTokenSeconds, toFaultWords, type LiveKit } from '@leadline/telephony/livekit';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { answerCommands, diallingRoutes } from './answer-commands.ts';
import { agentReadiness } from './await-agent.ts';
import type { Config } from './config.ts';
import type { Deps, Policy } from './deps.ts';
import { dispatchDueLeads } from './dispatch-due-leads.ts';
import { forgetOldPeople } from './forget-old-people.ts';
import { heedEnquiries } from './heed-enquiries.ts';
import { measure } from './measure.ts';
import { createMetrics } from './metrics.ts';
import { onCallEvents } from './on-call-events.ts';
import { onLeadCreated } from './on-lead-created.ts';
import { pauseAfterTalks } from './pause-after-talk.ts';
import { permitGuard } from './permit-guard.ts';
import { answerReconcile } from './reconcile.ts';
import { revokeUnsentDials } from './revoke-dial.ts';
import { settleEndedCalls } from './settle-lead.ts';
import { watchGeneration, type Knowledge } from './watch-generation.ts';
import { watchHearing } from './watch-hearing.ts';

export type Around = {
  postgres: Database;
  nats: Nats;
  livekit: LiveKit;
  /** Identity in production; a test shifts the database's time here. */
  now: (databaseTime: Date) => Date;
  log: Log;
};

export type Dispatcher = { adminUrl: string; stop(): Promise<void>; done: Promise<unknown> };

/**
 * Runs a dispatcher until it is stopped. It closes neither the database nor NATS: they are the caller's.
 * @throws Error when CALL_WINDOW=simulated and the LiveKit server answers without calling itself the simulator
 */
export async function start(config: Config, around: Around): Promise<Dispatcher> {
  const { postgres, nats, livekit, log } = around;
  const policy = toPolicy(config);
  // One that can't be asked yet is asked again before each permit.
  if (policy.window.kind === 'simulated' && (await livekit.isSimulator().catch(() => undefined)) === false) {
    throw new Error('CALL_WINDOW=simulated works only against the simulator, and LIVEKIT_URL is none: set real hours');
  }
  const deps: Deps = {
    ...around,
    random: Math.random,
    metrics: createMetrics(),
    policy,
    database: watchGeneration(postgres, nats, log),
    reports: watchHearing(config.REPORT_GRACE_SECONDS * 1_000),
    owner: `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`,
  };

  const guard = permitGuard({ nats, livekit, window: policy.window });
  const readiness = agentReadiness();
  const dispatching = dispatchDueLeads({ readiness, guard }, deps);

  const relay = startRelay({ databaseUrl: postgres.url, nats, service: 'dispatcher', log });
  const dispatch = every({ name: 'dispatch due leads', ms: 1_000, work: () => dispatching.run(), log });
  const wake = (): void => dispatch.wake();
  const sweep = every({
    name: 'settle and recover',
    ms: 5_000,
    work: async (stopping) => {
      await settleEndedCalls(deps, stopping);
      // One that the streams show as sent is no dead dispatcher's: the reconciling says so first.
      if (await deps.database.holds(postgres.em())) await revokeUnsentDials(deps, stopping);
      await heedEnquiries(deps, stopping);
      await pauseAfterTalks(deps, stopping);
      wake();
    },
    log,
  });
  const ready = async (): Promise<boolean> => (await probe(() => postgres.check())) === true;
  const metrics = deps.metrics.messaging;
  const consuming = [
    consume({
      nats,
      durable: 'dispatcher-leads',
      handlers: [onLeadCreated(wake)],
      concurrency: 16,
      ready,
      metrics,
      log,
    }),
    consume({
      nats,
      durable: 'dispatcher-calls',
      handlers: onCallEvents(deps, wake),
      concurrency: 8,
      ready,
      metrics,
      log,
    }),
  ];
  const consumers = [...consuming, startAdvisoryNet({ nats, consuming, service: 'dispatcher', metrics, log })];
  const forgetting = forgetAfter(config.RETENTION_DAYS, (days) => forgetOldPeople(deps, days), log);
  const hearing = listenTo(nats, agentReady, ({ room }) => readiness.heard(room));
  const streams = streamsReady(nats, 'dispatcher');
  const parts = async () => {
    const knowledge = await askKnowledge(deps);
    const made = await probe(streams);
    const isOlder = relay.state() === 'older_database' || knowledge === 'older';
    return {
      database: await probe(() => postgres.check()),
      nats: nats.isUp() || 'disconnected',
      streams: made === true && knowledge === 'not_compared' ? 'not compared with the database yet' : made,
      reports: await probe(() => lookAtReports(deps)),
      outbox: isOlder ? 'the database is older than the streams' : (true as const),
    };
  };
  const answering = [
    ...(await answerCommands(deps, wake)),
    await answerReconcile(deps),
    await answerHealth({
      nats,
      service: 'dispatcher',
      em: () => postgres.em(),
      parts,
      far: async () => ({ livekit: await probe(() => lookForTrunk(livekit, config.SIP_TRUNK_ID)) }),
      settings: toTold(config),
    }),
  ];
  const admin = await startAdminServer({
    host: config.HOST,
    port: config.ADMIN_PORT,
    metrics: deps.metrics.registry,
    measure: () => measure(deps),
    ready: parts,
    routes: diallingRoutes(deps, config.OPS_KEY, wake),
  });
  log.info({ port: admin.port, mostCalls: policy.maxConcurrentCalls }, 'the dispatcher runs');

  return {
    adminUrl: admin.url,
    done: Promise.race(consumers.map((consumer) => consumer.done)),
    async stop() {
      for (const one of [...answering, hearing]) one.stop();
      // Side by side, for each may take its time; nothing is claimed any more from here on.
      const repeated = [dispatch, sweep, forgetting, ...consumers, deps.database];
      await Promise.all([dispatching.stop(10_000), ...repeated.map((one) => one.stop())]);
      await relay.stop();
      await admin.close(1_000);
    },
  };
}

/** True, or how long agents' reports have not been heard. */
async function lookAtReports({ reports, postgres }: Deps): Promise<true | string> {
  const heard = await reports.isHeard(postgres.em());
  if (heard === true) return true;
  return Number.isFinite(heard) ? `not heard for ${Math.round(heard / 1_000)} s` : 'never heard';
}

/** What the claim asks of the database. Where it can't be asked, the part `database` says so. */
function askKnowledge({ database, postgres }: Deps): Promise<Knowledge | undefined> {
  return within(
    2_000,
    database.knowledge(postgres.em()).catch(() => undefined),
  );
}

/** Whether LiveKit takes our key and knows the trunk; else what is wrong. */
async function lookForTrunk(livekit: LiveKit, trunkId: string): Promise<true | string> {
  try {
    return (await livekit.hasTrunk(trunkId)) || `knows no outbound trunk ${trunkId}: check SIP_TRUNK_ID`;
  } catch (error) {
    return toFaultWords(error);
  }
}

/** What `health` tells of the settings: those that the call-tracker must share, and those that decide who is rung when. */
function toTold(config: Config): Record<string, string | number> {
  const { RING_SECONDS, MAX_CALL_SECONDS, LIVEKIT_LEEWAY_SECONDS, LIVEKIT_URL, SIP_TRUNK_ID, REPORT_GRACE_SECONDS } =
    config;
  const { MAX_CONCURRENT_CALLS, CALLS_PER_SECOND, MAX_CALL_RETRIES, MAX_LEAD_AGE_DAYS, AGENT_NAME, AGENT_MODE } =
    config;
  return {
    RING_SECONDS,
    MAX_CALL_SECONDS,
    LIVEKIT_LEEWAY_SECONDS,
    LIVEKIT_URL,
    SIP_TRUNK_ID,
    REPORT_GRACE_SECONDS,
    MAX_CONCURRENT_CALLS,
    CALLS_PER_SECOND,
    MAX_CALL_RETRIES,
    MAX_LEAD_AGE_DAYS,
    AGENT_NAME,
    AGENT_MODE,
  };
}

export function toPolicy(config: Config): Policy {
  return {
    window: config.CALL_WINDOW,
    maxConcurrentCalls: config.MAX_CONCURRENT_CALLS,
    maxLeadAgeDays: config.MAX_LEAD_AGE_DAYS,
    contactPauseMs: config.CONTACT_PAUSE_HOURS * 3_600_000,
    ringSeconds: config.RING_SECONDS,
    latestInviteMs: (dialTokenSeconds + config.LIVEKIT_LEEWAY_SECONDS) * 1_000,
    delaysMs: config.RETRY_DELAYS,
    jitter: config.RETRY_JITTER,
    putBackDelayMs: config.PUT_BACK_SECONDS * 1_000,
    breaker: {
      firstDelayMs: config.BREAKER_FIRST_SECONDS * 1_000,
      longestDelayMs: config.BREAKER_LONGEST_SECONDS * 1_000,
    },
    maxRetries: config.MAX_CALL_RETRIES,
    agentMode: config.AGENT_MODE,
    agentName: config.AGENT_NAME,
    agentWaitMs: config.AGENT_WAIT_SECONDS * 1_000,
    maxCallSeconds: config.MAX_CALL_SECONDS,
    trunkId: config.SIP_TRUNK_ID,
    callerId: config.CALLER_ID,
    paceMs: 1_000 / config.CALLS_PER_SECOND,
  };
}
