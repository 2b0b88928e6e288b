import { agentReady } from '@leadline/contracts/events/agent-ready';
import { openFrame, type Running, type Servers } from '@leadline/frame/open-frame';
import { listenTo } from '@leadline/messaging/listen';
import { startRelay } from '@leadline/messaging/relay';
import { probe } from '@leadline/service-kit/admin-server';
import { every } from '@leadline/service-kit/every';
import { forgetAfter } from '@leadline/service-kit/forget-after';
import type { LiveKit } from '@leadline/telephony/livekit';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { answerCommands, diallingRoutes } from './answer-commands.ts';
import { agentReadiness } from './await-agent.ts';
import { cancelPromises } from './cancel-promises.ts';
import { toPolicy, toShown, type Config } from './config.ts';
import type { Deps } from './deps.ts';
import { dispatchDueLeads } from './dispatch-due-leads.ts';
import { forgetOldPeople } from './forget-old-people.ts';
import { heedEnquiries } from './heed-enquiries.ts';
import { keepPromises } from './keep-promises.ts';
import { measure } from './measure.ts';
import { createMetrics } from './metrics.ts';
import { onCallEvents } from './on-call-events.ts';
import { onLeadCreated } from './on-lead-created.ts';
import { permitGuard, requireSimulator } from './permit-guard.ts';
import { lookAtOutbox, lookAtReports, lookAtStreams, lookForTrunk, tellOfTrunk } from './readiness.ts';
import { answerReconcile } from './reconcile.ts';
import { settleAndRecover } from './settle-and-recover.ts';
import { openCommits } from './open-commits.ts';
import { watchGeneration } from './watch-generation.ts';
import { watchHearing } from './watch-hearing.ts';

export type Environment = Servers & {
  livekit: LiveKit;
  /** Identity in production; a test shifts the database's time here. */
  now: (databaseTime: Date) => Date;
};

export type Dispatcher = Running;

/**
 * Runs a dispatcher until it is stopped. It closes neither the database nor NATS: they are the caller's.
 * @throws Error when CALL_WINDOW=simulated and the LiveKit server answers without calling itself the simulator
 */
export async function start(config: Config, environment: Environment): Promise<Dispatcher> {
  const { postgres, nats, livekit, log } = environment;
  const policy = toPolicy(config);
  await requireSimulator(livekit, policy.window);
  const metrics = createMetrics();
  const deps: Deps = {
    ...environment,
    commits: openCommits(postgres),
    random: Math.random,
    metrics,
    policy,
    generation: watchGeneration(postgres, nats, log),
    reports: watchHearing(config.REPORT_GRACE_SECONDS * 1_000),
    owner: `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`,
  };
  const frame = openFrame({ service: 'dispatcher', servers: environment, config, metrics });

  const guard = permitGuard({ nats, livekit, window: policy.window });
  const readiness = agentReadiness();
  const dispatching = dispatchDueLeads({ readiness, guard }, deps);
  const relay = startRelay({ databaseUrl: postgres.url, writer: postgres, nats, service: 'dispatcher', log });
  // A new lead's event wakes this work. Leads without an event, and retries, may start this much late.
  const dispatch = every({
    name: 'dispatch due leads',
    ms: 1_000,
    restMs: 3_000,
    work: () => dispatching.run(),
    log,
  });
  const wake = (): void => dispatch.wake();
  const wakeForLead = (): void => {
    dispatching.expectLead();
    wake();
  };
  const sweep = every({
    name: 'settle and recover',
    ms: 5_000,
    restMs: 15_000,
    async work(stopping) {
      const isAnyOpen = await settleAndRecover(deps, stopping);
      if (!isAnyOpen) return 'rest';
      wake();
      return undefined;
    },
    log,
  });
  const heeding = every({
    name: 'heed what buyers asked for',
    ms: 5_000,
    async work(stopping) {
      await keepPromises(deps, stopping);
      await cancelPromises(deps, stopping);
      if (await heedEnquiries(deps, stopping)) wake();
    },
    log,
  });
  const consumers = frame.startConsumers('dispatcher', [
    { durable: 'dispatcher-leads', handlers: [onLeadCreated(wakeForLead)], concurrency: 16 },
    { durable: 'dispatcher-calls', handlers: onCallEvents(deps, wake), concurrency: 64 },
  ]);
  const forgetting = forgetAfter(config.RETENTION_DAYS, (days) => forgetOldPeople(deps, days), log);
  const hearing = listenTo(nats, agentReady, ({ room }) => readiness.heard(room));

  const { checks } = frame;
  const needs = {
    database: checks.database,
    nats: checks.nats,
    streams: () => lookAtStreams(checks.streams, deps),
    reports: () => probe(() => lookAtReports(deps)),
    outbox: () => lookAtOutbox(checks.outboxOf(relay), deps),
  };
  // Not awaited: a LiveKit that does not answer yet must not delay the start.
  void tellOfTrunk(livekit, config.SIP_TRUNK_ID, log);
  return frame.run({
    needs,
    goesOnWithout: {},
    health: {
      parts: needs,
      far: { livekit: () => probe(() => lookForTrunk(livekit, config.SIP_TRUNK_ID)) },
      settings: toShown(config),
    },
    measure: () => measure(deps),
    routes: diallingRoutes(deps, config.OPS_KEY, wake),
    answers: [...(await answerCommands(deps, wake)), await answerReconcile(deps), hearing],
    // These stop side by side, because each may take long. Once the first list has stopped, nothing more is claimed.
    stopOrder: (answering) => [
      [answering],
      [dispatching, dispatch, sweep, heeding, forgetting, consumers, deps.generation],
    ],
    relay,
    done: consumers.done,
    note: { maxCalls: policy.maxConcurrentCalls },
  });
}
