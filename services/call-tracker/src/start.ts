import { openFrame, type Running, type Servers } from '@leadline/frame/open-frame';
import { startRelay } from '@leadline/messaging/relay';
import { probe } from '@leadline/service-kit/admin-server';
import { every } from '@leadline/service-kit/every';
import { forgetAfter } from '@leadline/service-kit/forget-after';
import { listen } from '@leadline/service-kit/listen';
import { createApp } from './app.ts';
import { workInBackground } from './background.ts';
import { clearReports } from './clear-reports.ts';
import { toPolicy, toShown, type Config } from './config.ts';
import type { Deps } from './deps.ts';
import { answerErase } from './erase-person.ts';
import { forgetOldPeople } from './forget-old-people.ts';
import { numberHolder } from './hold-numbers.ts';
import { hearBeats, openBeats } from './hear-beats.ts';
import { hearReports } from './hear-reports.ts';
import { lookAtNoRoom } from './look-at-no-room.ts';
import { createMetrics } from './metrics.ts';
import { onAgentReported } from './on-agent-reported.ts';
import { onDialReported } from './on-dial-reported.ts';
import { answerReconcile } from './reconcile.ts';
import { callSettler, failStaleCallRecords, measure } from './settle-due-calls.ts';
import { openInputs, trackRoom } from './track-call.ts';

export type Environment = Servers & {
  livekit: Deps['livekit'];
  /** Identity in production; a test shifts the database's time here. */
  now: (databaseTime: Date) => Date;
};

export type CallTracker = Running & { url: string };

/** Runs a call-tracker until it is stopped. It closes neither the database nor NATS: they are the caller's. */
export async function start(config: Config, environment: Environment): Promise<CallTracker> {
  const { postgres, nats, log } = environment;
  const background = workInBackground({ atOnce: 16, stopWithinMs: 6_000, log });
  const metrics = createMetrics();
  const inputs = openInputs(environment);
  const beats = openBeats();
  const deps: Deps = {
    ...environment,
    metrics,
    policy: toPolicy(config),
    inputs,
    beats,
    webhooks: { lastAt: null, refusedAt: null },
    background,
    failedSteps: new Map(),
  };
  const frame = openFrame({ service: 'call-tracker', servers: environment, config, metrics });

  const relay = startRelay({ databaseUrl: postgres.url, writer: postgres, nats, service: 'call-tracker', log });
  const consumers = frame.startConsumers('call-tracker', [
    { durable: 'call-tracker-calls', handlers: onDialReported(deps), concurrency: 32 },
    { durable: 'call-tracker-agent', handlers: onAgentReported(deps), concurrency: 32 },
  ]);
  const hearing = hearReports({ postgres, nats, log });
  const beating = hearBeats({
    nats,
    log,
    beats,
    onSilent: async (room) => void (await trackRoom(room, { kind: 'agent_silent' }, deps)),
  });
  const settling = every({ name: 'settle due calls', ms: 1_000, restMs: 5_000, work: callSettler(deps), log });
  const recovering = every({
    name: 'fail stale calls',
    ms: 60_000,
    work: (stopping) => failStaleCallRecords(deps, stopping),
    log,
  });
  const holding = every({ name: 'hold numbers of dead letters', ms: 5_000, work: numberHolder(nats, deps), log });
  const clearing = every({ name: 'make room for reports', ms: 5_000, work: () => clearReports(nats, log), log });
  const forgetting = forgetAfter(config.RETENTION_DAYS, (days) => forgetOldPeople(postgres, days), log);
  const server = await listen(createApp(config, deps), { host: config.HOST, port: config.PORT, graceMs: 5_000 });

  const { service, database, streams, outboxOf } = frame.checks;
  const needs = { service, database, streams, outbox: outboxOf(relay) };
  const running = await frame.run({
    needs,
    // Without it we still accept webhooks and reports over HTTP.
    goesOnWithout: { nats: frame.checks.nats, reports: hearing.state },
    health: {
      parts: needs,
      far: { livekit: () => probe(() => lookAtNoRoom(environment.livekit)) },
      settings: toShown(config),
      webhooks: () => deps.webhooks,
    },
    measure: () => measure(deps),
    answers: await Promise.all([answerReconcile(nats, deps), answerErase(nats, deps)]),
    stopOrder: (answering) => [
      [answering],
      [server, hearing, beating, settling, recovering, holding, clearing, forgetting, consumers],
      [background],
      [inputs],
    ],
    relay,
    done: consumers.done,
    note: { port: server.port },
  });
  return { ...running, url: server.url };
}
