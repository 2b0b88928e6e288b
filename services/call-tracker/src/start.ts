import type { Database } from '@leadline/database/open-database';
import type { Nats } from '@leadline/messaging/connect';
import { answerHealth } from '@leadline/messaging/answer-health';
import { consume } from '@leadline/messaging/consume';
import { startAdvisoryNet } from '@leadline/messaging/advisory-net';
import { blameFor } from '@leadline/messaging/blame';
import { measureMessaging } from '@leadline/messaging/measure-messaging';
import { makeRoomForReports } from '@leadline/messaging/make-room';
import { startRelay } from '@leadline/messaging/relay';
import { streamsReady } from '@leadline/messaging/streams-ready';
import { probe, startAdminServer } from '@leadline/service-kit/admin-server';
import { every } from '@leadline/service-kit/every';
import { forgetAfter } from '@leadline/service-kit/forget-after';
import { listen } from '@leadline/service-kit/listen';
import type { Log } from '@leadline/service-kit/logger';
import { answerProblem } from '@leadline/service-kit/problem';
import { traceRequests } from '@leadline/service-kit/trace-requests';
import { dialTokenSeconds, toFaultWords, type LiveKit } from '@leadline/telephony/livekit';
import { openWebhookReceiver } from '@leadline/telephony/webhook-receiver';
import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { workAside } from './aside.ts';
import type { Policy } from './call-facts.ts';
import type { Config } from './config.ts';
import type { Deps } from './deps.ts';
import { answerErase } from './erase-person.ts';
import { forgetOldPeople } from './forget-old-people.ts';
import { numberHolder } from './hold-numbers.ts';
import { hearReports } from './hear-reports.ts';
import { createMetrics } from './metrics.ts';
import { onAgentReported } from './on-agent-reported.ts';
import { onDialReported } from './on-dial-reported.ts';
import { liveKitWebhooks } from './on-livekit-webhook.ts';
import { reportRoutes } from './receive-reports.ts';
import { answerReconcile } from './reconcile.ts';
import { failStaleCallRecords, measure, settleDueCalls } from './settle-due-calls.ts';

export type Around = {
  postgres: Database;
  nats: Nats;
  livekit: Pick<LiveKit, 'look' | 'endRoom'>;
  /** Identity in production; a test shifts the database's time here. */
  now: (databaseTime: Date) => Date;
  log: Log;
};

export type CallTracker = { url: string; adminUrl: string; stop(): Promise<void>; done: Promise<unknown> };

const backlogMs = 3_000;

/** Runs a call-tracker until it is stopped. It closes neither the database nor NATS: they are the caller's. */
export async function start(config: Config, around: Around): Promise<CallTracker> {
  const { postgres, nats, log } = around;
  const aside = workAside({ atOnce: 16, log });
  const deps: Deps = { ...around, metrics: createMetrics(), policy: toPolicy(config), aside, failedSteps: new Map() };

  const relay = startRelay({ databaseUrl: postgres.url, nats, service: 'call-tracker', log });
  const ready = async (): Promise<boolean> => (await probe(() => postgres.check())) === true;
  const metrics = deps.metrics.messaging;
  const consuming = [
    consume({
      nats,
      durable: 'call-tracker-calls',
      handlers: onDialReported(deps),
      concurrency: 8,
      ready,
      metrics,
      log,
    }),
    consume({
      nats,
      durable: 'call-tracker-agent',
      handlers: onAgentReported(deps),
      concurrency: 8,
      ready,
      metrics,
      log,
    }),
  ];
  const consumers = [...consuming, startAdvisoryNet({ nats, consuming, service: 'call-tracker', metrics, log })];
  const hearing = hearReports({ postgres, nats, log });
  const startedAt = performance.now();
  const settling = every({
    name: 'settle due calls',
    ms: 1_000,
    // What waits in the streams goes first: it may explain what would look overdue.
    work: async (stopping) => (performance.now() - startedAt < backlogMs ? undefined : settleDueCalls(deps, stopping)),
    log,
  });
  const recovering = every({
    name: 'fail stale calls',
    ms: 60_000,
    work: (stopping) => failStaleCallRecords(deps, stopping),
    log,
  });
  const holding = every({ name: 'hold numbers of dead letters', ms: 5_000, work: numberHolder(nats, deps), log });
  const clearing = every({
    name: 'make room for reports',
    ms: 5_000,
    work: async () => {
      const removed = nats.isUp() ? await makeRoomForReports(nats) : 0;
      if (removed > 0) log.warn({ removed }, 'AGENT is half full: settled reports were taken out, the oldest first');
    },
    log,
  });
  const forgetting = forgetAfter(config.RETENTION_DAYS, (days) => forgetOldPeople(postgres, days), log);
  const server = await listen(routes(config, deps), { host: config.HOST, port: config.PORT });
  const streams = streamsReady(nats, 'call-tracker');
  let stopping = false;
  const parts = async () => ({
    service: stopping ? 'stopping' : (true as const),
    database: await probe(() => postgres.check()),
    streams: await probe(streams),
    outbox: relay.state() === 'older_database' ? 'the database is older than the streams' : (true as const),
  });
  const {
    RING_SECONDS,
    MAX_CALL_SECONDS,
    LIVEKIT_LEEWAY_SECONDS,
    LIVEKIT_URL,
    MIN_TALK_SECONDS,
    REPORT_GRACE_SECONDS,
  } = config;
  const answering = await Promise.all([
    answerReconcile(nats, deps),
    answerErase(nats, deps),
    answerHealth({
      nats,
      service: 'call-tracker',
      em: () => postgres.em(),
      parts,
      far: async () => ({ livekit: await probe(() => lookAtNoRoom(around.livekit)) }),
      settings: {
        RING_SECONDS,
        MAX_CALL_SECONDS,
        LIVEKIT_LEEWAY_SECONDS,
        LIVEKIT_URL,
        MIN_TALK_SECONDS,
        REPORT_GRACE_SECONDS,
      },
    }),
  ]);
  const admin = await startAdminServer({
    host: config.HOST,
    port: config.ADMIN_PORT,
    metrics: deps.metrics.registry,
    measure: async () => {
      await Promise.all([
        measure(deps),
        measureMessaging({ em: postgres.em(), nats, service: 'call-tracker', metrics }),
      ]);
    },
    ready: parts,
    // Webhooks and reports over HTTP are taken without it.
    tell: () => ({ nats: nats.isUp() || 'disconnected', reports: hearing.state() }),
  });
  log.info({ port: server.port, adminPort: admin.port }, 'the call-tracker runs');

  return {
    url: server.url,
    adminUrl: admin.url,
    done: Promise.race(consumers.map((consumer) => consumer.done)),
    async stop() {
      stopping = true;
      for (const one of answering) one.stop();
      const repeated = [hearing, settling, recovering, holding, clearing, forgetting, ...consumers];
      await Promise.all([server.close(5_000), ...repeated.map((one) => one.stop())]);
      await aside.stop(6_000);
      await relay.stop();
      await admin.close(1_000);
    },
  };
}

/** Whether LiveKit takes our key: of a room that is no call's it tells that nobody is there. Else what is wrong. */
async function lookAtNoRoom(livekit: Around['livekit']): Promise<true | string> {
  try {
    await livekit.look('call-0-000000000000');
    return true;
  } catch (error) {
    return toFaultWords(error);
  }
}

function routes(config: Config, deps: Deps): Hono {
  const receive = openWebhookReceiver([{ apiKey: config.LIVEKIT_API_KEY, apiSecret: config.LIVEKIT_API_SECRET }]);
  const app = new Hono();
  app.use('*', traceRequests());
  app.route('/', liveKitWebhooks(receive, deps));
  app.route('/', reportRoutes(config.AGENT_KEY, deps));
  app.onError((error, c) => {
    if (error instanceof HTTPException) return error.getResponse();
    const elsewhere = blameFor(error) === 'elsewhere';
    deps.log[elsewhere ? 'warn' : 'error']({ err: error, path: c.req.path }, 'a request could not be served');
    const status = elsewhere ? 503 : 500;
    const title = elsewhere ? 'The database is not there; try again soon' : 'Internal fault';
    return answerProblem(c, { title, status });
  });
  return app;
}

function toPolicy(config: Config): Policy {
  return {
    ringMs: config.RING_SECONDS * 1_000,
    maxCallMs: config.MAX_CALL_SECONDS * 1_000,
    minTalkMs: config.MIN_TALK_SECONDS * 1_000,
    reportGraceMs: config.REPORT_GRACE_SECONDS * 1_000,
    providerRingMs: config.PROVIDER_RING_LIMIT_SECONDS * 1_000,
    latestInviteMs: (dialTokenSeconds + config.LIVEKIT_LEEWAY_SECONDS) * 1_000,
  };
}
