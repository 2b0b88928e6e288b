import type { Database } from '@leadline/database/open-database';
import type { Nats } from '@leadline/messaging/connect';
import { answerHealth } from '@leadline/messaging/answer-health';
import { consume } from '@leadline/messaging/consume';
import { startAdvisoryNet } from '@leadline/messaging/advisory-net';
import { measureMessaging } from '@leadline/messaging/measure-messaging';
import { streamsReady } from '@leadline/messaging/streams-ready';
import { every } from '@leadline/service-kit/every';
import { probe, startAdminServer } from '@leadline/service-kit/admin-server';
import { listen } from '@leadline/service-kit/listen';
import type { Log } from '@leadline/service-kit/logger';
import { setTimeout as wait } from 'node:timers/promises';
import { answerQuestions } from './answer-questions.ts';
import { createApp } from './app.ts';
import { toSingleSignOnSettings, type Config } from './config.ts';
import type { Deps } from './deps.ts';
import { liveEvents } from './live/live-events.ts';
import { createMetrics } from './metrics.ts';
import { onEvents } from './read-model/on-events.ts';
import { countWaiting } from './read-model/project.ts';
import { openRedrives } from './dead-letters/redrives.ts';
import { redriveAuditor } from './audit/audit-redrives.ts';
import { runProjector } from './read-model/run-projector.ts';
import { openSingleSignOn } from './accounts/single-sign-on.ts';
import { setUser } from './accounts/users.ts';

export type Around = {
  postgres: Database;
  nats: Nats;
  /** Undefined: dead letters are shown and can't be sent back. */
  opsNats: Nats | undefined;
  fetch: typeof fetch;
  /** Identity in production; a test shifts the database's time here. */
  now: (databaseTime: Date) => Date;
  log: Log;
};

export type Dashboard = { url: string; adminUrl: string; stop(): Promise<void>; done: Promise<unknown> };

/** Runs the dashboard until it is stopped. It closes neither the database nor NATS: they are the caller's. */
export async function start(config: Config, around: Around): Promise<Dashboard> {
  const { postgres, nats, log } = around;
  const { origin } = new URL(config.PUBLIC_URL);
  const singleSignOn = toSingleSignOnSettings(config);
  const deps: Deps = {
    ...around,
    metrics: createMetrics(),
    rates: {
      estimateMinutes: config.LEGACY_SUCCESS_CALL_ESTIMATE_MINUTES,
      rupeesPerPulse: config.RUPEES_PER_PULSE,
    },
    pulseSeconds: config.PULSE_SECONDS,
    sessionHours: config.SESSION_HOURS,
    isSecure: config.PUBLIC_URL.startsWith('https:'),
    origin,
    proxies: config.PROXIES,
    singleSignOn:
      singleSignOn === undefined ? undefined : openSingleSignOn(singleSignOn, { origin, fetch: around.fetch }),
    ingestUrl: config.INGEST_URL,
  };
  await makeFirstUsers(config.FIRST_USERS ?? [], deps);

  const live = liveEvents(deps);
  const projector = runProjector(deps);
  const audit = every({ name: 'audit redrives', ms: 2_000, work: redriveAuditor(deps), log });
  const redrives = openRedrives(deps);
  const handlers = onEvents(deps, () => {
    live.wake();
    projector.wake();
  });
  const ready = async (): Promise<boolean> => (await probe(() => postgres.check())) === true;
  const metrics = deps.metrics.messaging;
  const consuming = [
    consume({ nats, durable: 'dashboard-leads', handlers, concurrency: 64, ready, metrics, log }),
    consume({ nats, durable: 'dashboard-calls', handlers, concurrency: 64, ready, metrics, log }),
    consume({ nats, durable: 'dashboard-agent', handlers, concurrency: 64, ready, metrics, log }),
  ];
  const consumers = [...consuming, startAdvisoryNet({ nats, consuming, service: 'dashboard', metrics, log })];
  const server = await listen(createApp(deps, live, redrives), { host: config.HOST, port: config.PORT });
  const streams = streamsReady(nats, 'dashboard');
  const parts = async () => ({ database: await probe(() => postgres.check()), streams: await probe(streams) });
  const { PULSE_SECONDS, RUPEES_PER_PULSE, LEGACY_SUCCESS_CALL_ESTIMATE_MINUTES } = config;
  const answering = [
    ...(await answerQuestions(deps)),
    await answerHealth({
      nats,
      service: 'dashboard',
      em: () => postgres.em(),
      parts,
      settings: { PULSE_SECONDS, RUPEES_PER_PULSE, LEGACY_SUCCESS_CALL_ESTIMATE_MINUTES },
    }),
  ];
  const admin = await startAdminServer({
    host: config.HOST,
    port: config.ADMIN_PORT,
    metrics: deps.metrics.registry,
    measure: async () => {
      await Promise.all([
        countWaiting(deps),
        measureMessaging({ em: postgres.em(), nats, service: 'dashboard', metrics }),
      ]);
    },
    ready: parts,
    // Pages are shown without it.
    tell: () => ({ nats: nats.isUp() || 'disconnected' }),
  });
  log.info({ port: server.port, adminPort: admin.port }, 'the dashboard runs');
  return {
    url: server.url,
    adminUrl: admin.url,
    done: Promise.race(consumers.map((consumer) => consumer.done)),
    async stop() {
      for (const one of answering) one.stop();
      live.stop();
      await Promise.all([server.close(5_000), ...[projector, audit, redrives, ...consumers].map((one) => one.stop())]);
      await admin.close(1_000);
    },
  };
}

/** The schema may be about to be made by somebody else: that is waited for. */
async function makeFirstUsers(users: NonNullable<Config['FIRST_USERS']>, { postgres, log }: Deps): Promise<void> {
  for (let attempt = 0; users.length > 0; attempt++) {
    const there = await probe(() => postgres.check());
    if (there === true) break;
    if (attempt % 10 === 0) log.warn({ database: there }, 'the first users wait for the database');
    await wait(1_000);
  }
  await Promise.all(users.map((user) => setUser(postgres, user)));
}
