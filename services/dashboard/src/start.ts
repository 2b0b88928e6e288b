import { openFrame, type Running, type Servers } from '@leadline/frame/open-frame';
import type { Nats } from '@leadline/messaging/connect';
import { every } from '@leadline/service-kit/every';
import { listen } from '@leadline/service-kit/listen';
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
import { makeFirstUsers } from './accounts/make-first-users.ts';
import { openSingleSignOn } from './accounts/single-sign-on.ts';

export type Environment = Servers & {
  /** Undefined: the pages show dead letters but can't send them back. */
  opsNats: Nats | undefined;
  fetch: typeof fetch;
  /** The database's time; tests shift it here. */
  now: (databaseTime: Date) => Date;
};

export type Dashboard = Running & { url: string };

/** Runs the dashboard until it is stopped. The caller closes the database and NATS. */
export async function start(config: Config, environment: Environment): Promise<Dashboard> {
  const deps = toDeps(config, environment);
  await makeFirstUsers(config.FIRST_USERS ?? [], deps);
  const frame = openFrame({ service: 'dashboard', servers: environment, config, metrics: deps.metrics });

  const live = liveEvents(deps);
  const projector = runProjector(deps);
  const audit = every({ name: 'audit redrives', ms: 2_000, work: redriveAuditor(deps), log: environment.log });
  const redrives = openRedrives(deps);
  const handlers = onEvents(deps, () => {
    live.wake();
    projector.wake();
  });
  const consumers = frame.startConsumers('dashboard', [
    { durable: 'dashboard-leads', handlers, concurrency: 256 },
    { durable: 'dashboard-calls', handlers, concurrency: 256 },
    { durable: 'dashboard-agent', handlers, concurrency: 256 },
  ]);
  const app = createApp(deps, live, redrives);
  const server = await listen(app, { host: config.HOST, port: config.PORT, graceMs: 5_000 });

  const { PULSE_SECONDS, RUPEES_PER_PULSE, LEGACY_SUCCESS_CALL_ESTIMATE_MINUTES } = config;
  const { database, streams, nats } = frame.checks;
  const needs = { database, streams };
  const running = await frame.run({
    needs,
    // The pages work without it.
    goesOnWithout: { nats },
    health: { parts: needs, settings: { PULSE_SECONDS, RUPEES_PER_PULSE, LEGACY_SUCCESS_CALL_ESTIMATE_MINUTES } },
    measure: () => countWaiting(deps),
    answers: await answerQuestions(deps),
    // Browsers with a live stream would keep the server open, so end their streams before it waits for them.
    stopOrder: (answering) => [[answering], [live, server, projector, audit, redrives, consumers]],
    done: consumers.done,
    note: { port: server.port },
  });
  return { ...running, url: server.url };
}

function toDeps(config: Config, environment: Environment): Deps {
  const { origin } = new URL(config.PUBLIC_URL);
  const singleSignOn = toSingleSignOnSettings(config);
  return {
    ...environment,
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
      singleSignOn === undefined ? undefined : openSingleSignOn(singleSignOn, { origin, fetch: environment.fetch }),
    ingestUrl: config.INGEST_URL,
  };
}
