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

/** A service's servers. The caller closes them. */
export type Servers = { postgres: Database; nats: Nats; log: Log };

/**
 * The state of one thing: true, or a few words on what is wrong. A check answers within seconds and does not reject.
 */
export type Check = () => true | string | Promise<true | string>;
export type Checks = Readonly<Record<string, Check>>;

/** A service's consumers, and the net for messages that JetStream gives up. */
export type Consumers = Part & {
  /** Rejects when a consumer can't take messages any more: then the process must end. */
  done: Promise<unknown>;
};

type Consumed = Pick<Parameters<typeof consume>[0], 'durable' | 'handlers' | 'concurrency'>;

export type Running = RunningService & { adminUrl: string };

export type Frame = {
  /** Checks that all services share. */
  checks: Record<'service' | 'database' | 'nats' | 'streams', Check> & { outboxOf: (relay: Relay) => Check };
  isStopping: () => boolean;
  /** While the database is away, messages wait in the stream. */
  startConsumers(service: ConsumingService, consumed: readonly Consumed[]): Consumers;
  run(parts: Parts): Promise<Running>;
};

/** What differs between services. Each says it in its `start.ts`. */
export type Parts = {
  /** Without any of these the service is not ready: `/readyz` answers 503. */
  needs: Checks;
  /** The service does its work without these; `/readyz` tells of them. */
  goesOnWithout: Checks;
  health: {
    /** The parts that `ops.<service>.health` reports. */
    parts: Checks;
    /** Far systems, checked only when a person asks. */
    far?: Checks;
    settings?: Record<string, string | number>;
    /** When LiveKit’s webhooks came last. */
    webhooks?: () => { lastAt: Date | null; refusedAt: Date | null };
  };
  /** Updates the service's own gauges. */
  measure: () => Promise<unknown>;
  /** Routes for operators, beside `/readyz`. */
  routes?: Hono;
  /** Answers to commands over NATS. */
  answers: readonly Part[];
  /**
   * The order of the stop: one list after the other; the parts of a list stop together. Then follow the relay, which
   * publishes what the others wrote last, and the admin server. All of it takes at most 25 s.
   */
  stopOrder: (answers: Part) => readonly (readonly Part[])[];
  /** Undefined in a service that publishes no events. */
  relay?: Relay;
  /** Rejects when the service can't go on. */
  done: Promise<unknown>;
  /** Fields for the log line that says the service runs. */
  note?: Record<string, number>;
};

/** Opens a service's frame: its consumers, readiness, health, metrics, and the order of its stop. */
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
        ...(parts.health.webhooks === undefined ? {} : { webhooks: parts.health.webhooks }),
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

/** A good look stays valid this long. After a fault, the consumer asks for a fresh one. */
const lookLastsMs = 30_000;

/**
 * Shares one look among all consumers of a process. If it found the database ready, it holds for 30 s unless somebody
 * asks for a fresh one.
 */
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
