import type { Database } from '@leadline/database/open-database';
import { startAdvisoryNet } from '@leadline/messaging/advisory-net';
import { answerHealth } from '@leadline/messaging/answer-health';
import type { Nats } from '@leadline/messaging/connect';
import { consume } from '@leadline/messaging/consume';
import { measureMessaging } from '@leadline/messaging/measure-messaging';
import type { MessagingMetrics } from '@leadline/messaging/messaging-metrics';
import type { Relay } from '@leadline/messaging/relay';
import { streamsReady } from '@leadline/messaging/streams-ready';
import type { ConsumingService, ServiceName } from '@leadline/contracts/services';
import { probe, startAdminServer } from '@leadline/service-kit/admin-server';
import type { Log } from '@leadline/service-kit/logger';
import type { Part } from '@leadline/time/part';
import type { RunningService } from '@leadline/service-kit/run-process';
import type { Hono } from 'hono';
import type { Registry } from 'prom-client';

/** The servers of a service. They are the caller's: the service closes none of them. */
export type Servers = { postgres: Database; nats: Nats; log: Log };

/** The state of one thing: true, or what is wrong in a few words. It answers within seconds and does not reject. */
export type Check = () => true | string | Promise<true | string>;
export type Checks = Readonly<Record<string, Check>>;

/** Consumers of a service's durables, and the net for what JetStream gives up of them. */
export type Consumers = Part & {
  /** Rejects when one of them can take no message any more: the process must end then. */
  done: Promise<unknown>;
};

type Consumed = Pick<Parameters<typeof consume>[0], 'durable' | 'handlers' | 'concurrency'>;

export type Running = RunningService & { adminUrl: string };

export type Frame = {
  /** The checks that are alike in all services. */
  checks: Record<'service' | 'database' | 'nats' | 'streams', Check> & { outboxOf: (relay: Relay) => Check };
  isStopping: () => boolean;
  /** Messages wait in the stream while the database is away. */
  startConsumers(service: ConsumingService, consumed: readonly Consumed[]): Consumers;
  run(parts: Parts): Promise<Running>;
};

/** What differs between services, said by each in its `start.ts`. */
export type Parts = {
  /** Without any of these the service is not ready: `/readyz` answers 503. */
  needs: Checks;
  /** The service does its work without these; `/readyz` tells of them. */
  goesOnWithout: Checks;
  health: {
    /** What `ops.<service>.health` tells. */
    parts: Checks;
    /** Systems that are not ours, asked when a person asks for them. */
    far?: Checks;
    settings?: Record<string, string | number>;
  };
  /** Brings the service's own gauges up to date. */
  measure: () => Promise<unknown>;
  /** Routes of operators, beside `/readyz`. */
  routes?: Hono;
  /** Answers to commands over NATS. */
  answers: readonly Part[];
  /**
   * What ends first, next, and so on; what stands in one list ends side by side. After these follow the relay, which
   * publishes what the others still wrote, and the admin server. All of it takes 25 s at most.
   */
  stopOrder: (answers: Part) => readonly (readonly Part[])[];
  /** Undefined in a service that writes no events. */
  relay?: Relay;
  /** Rejects when the service can't go on. */
  done: Promise<unknown>;
  /** Noted when the service runs. */
  note?: Record<string, number>;
};

/** The frame of a service: its consumers, readiness, health, metrics and the order in which it stops. */
export function openFrame(options: {
  service: ServiceName;
  servers: Servers;
  config: { HOST: string; ADMIN_PORT: number };
  metrics: { registry: Registry; messaging: MessagingMetrics };
}): Frame {
  const { service, config, metrics } = options;
  const { postgres, nats, log } = options.servers;
  let stopping = false;
  const streams = streamsReady(nats, service);
  const database: Check = () => probe(() => postgres.check());

  return {
    checks: {
      service: () => (stopping ? 'stopping' : true),
      database,
      nats: () => nats.isUp() || 'disconnected',
      streams: () => probe(streams),
      outboxOf: (relay) => () => (relay.state() === 'older_database' ? 'the database is older than the streams' : true),
    },
    isStopping: () => stopping,
    startConsumers(consumingService, consumed) {
      const ready = sharedLook(database);
      const around = { nats, metrics: metrics.messaging, log };
      const consuming = consumed.map((durable) => consume({ ...around, ...durable, ready }));
      const consumers = [...consuming, startAdvisoryNet({ ...around, consuming, service: consumingService })];
      return { stop: () => stopAll(consumers), done: Promise.race(consumers.map((consumer) => consumer.done)) };
    },
    async run(parts) {
      const health = await answerHealth({
        nats,
        service,
        sql: postgres.sql,
        parts: () => ask(parts.health.parts),
        far: () => ask(parts.health.far ?? {}),
        settings: parts.health.settings ?? {},
      });
      const admin = await startAdminServer({
        host: config.HOST,
        port: config.ADMIN_PORT,
        metrics: metrics.registry,
        measure: async () => {
          const messaging = measureMessaging({ sql: postgres.sql, nats, service, metrics: metrics.messaging });
          await Promise.all([parts.measure(), messaging]);
        },
        ready: () => ask(parts.needs),
        tell: () => ask(parts.goesOnWithout),
        routes: parts.routes,
      });
      const answers: Part = { stop: () => stopAll([...parts.answers, health]) };
      log.info({ ...parts.note, adminPort: admin.port }, 'the service runs');
      return {
        adminUrl: admin.url,
        done: parts.done,
        async stop() {
          stopping = true;
          for (const together of parts.stopOrder(answers)) await stopAll(together);
          await parts.relay?.stop();
          await admin.stop();
        },
      };
    },
  };
}

/** Nothing has failed meanwhile: whoever meets a fault asks for a fresh look. */
const lookLastsMs = 5_000;

/** One look for all consumers of a process; one that found the database ready holds for 5 s unless a fresh one is asked for. */
function sharedLook(database: Check): (fresh: boolean) => Promise<boolean> {
  let readyAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<boolean> | undefined;
  const look = async (): Promise<boolean> => {
    const isReady = (await database()) === true;
    readyAt = isReady ? performance.now() : Number.NEGATIVE_INFINITY;
    looking = undefined;
    return isReady;
  };
  return async (fresh) => {
    if (!fresh && performance.now() - readyAt < lookLastsMs) return true;
    looking ??= look();
    return looking;
  };
}

async function stopAll(parts: readonly Part[]): Promise<void> {
  await Promise.all(parts.map((part) => part.stop()));
}

async function ask(checks: Checks): Promise<Record<string, true | string>> {
  const answered = Object.entries(checks).map(async ([name, check]) => [name, await check()] as const);
  return Object.fromEntries(await Promise.all(answered));
}
