import type { Database } from '@leadline/database/open-database';
import type { Nats } from '@leadline/messaging/connect';
import { answerHealth } from '@leadline/messaging/answer-health';
import { consume } from '@leadline/messaging/consume';
import { startAdvisoryNet } from '@leadline/messaging/advisory-net';
import { measureMessaging } from '@leadline/messaging/measure-messaging';
import { startRelay } from '@leadline/messaging/relay';
import { streamsReady } from '@leadline/messaging/streams-ready';
import { probe, startAdminServer } from '@leadline/service-kit/admin-server';
import { every } from '@leadline/service-kit/every';
import type { Log } from '@leadline/service-kit/logger';
import type { Config } from './config.ts';
import { crmClient } from './crm-client.ts';
import type { Deps } from './deps.ts';
import { answerErase } from './erase-person.ts';
import { createMetrics } from './metrics.ts';
import { mobileLocks } from './mobile-locks.ts';
import { onCallQualified } from './on-call-qualified.ts';
import { pushEnquiries } from './push-enquiries.ts';
import { answerReconcile } from './reconcile.ts';
import { measure, sweepUnpushedCalls } from './sweep-unpushed-calls.ts';

export type Around = {
  postgres: Database;
  nats: Nats;
  fetch: typeof fetch;
  now: (databaseTime: Date) => Date;
  log: Log;
};
export type CrmPusher = { adminUrl: string; stop(): Promise<void>; done: Promise<unknown> };

/** Runs the pusher until it is stopped. It closes neither the database nor NATS: they are the caller's. */
export async function start(config: Config, around: Around): Promise<CrmPusher> {
  const { postgres, nats, log } = around;
  const metrics = createMetrics();
  const deps: Deps = {
    postgres,
    log,
    metrics,
    now: around.now,
    crm: crmClient(config, around.fetch, metrics),
    locks: mobileLocks(postgres.url),
    mapping: { priority: config.CRM_TASK_PRIORITY },
    policy: {
      lookAgainMs: config.CRM_LOOK_AGAIN_SECONDS * 1_000,
      lookGapMs: config.CRM_LOOK_GAP_SECONDS * 1_000,
      sweepAfterMs: config.CRM_SWEEP_AFTER_SECONDS * 1_000,
      oldCallsMaxAgeDays: config.PUSH_OLD_CALLS === 'on' ? config.PUSH_MAX_AGE_DAYS : null,
    },
  };
  const relay = startRelay({ databaseUrl: postgres.url, nats, service: 'crm-pusher', log });
  const ready = async (): Promise<boolean> => (await probe(() => postgres.check())) === true;
  const { messaging } = metrics;
  const consuming = [
    consume({
      nats,
      durable: 'crm-pusher',
      handlers: [onCallQualified(deps)],
      concurrency: 4,
      ready,
      metrics: messaging,
      log,
    }),
  ];
  const consumers = [
    ...consuming,
    startAdvisoryNet({ nats, consuming, service: 'crm-pusher', metrics: messaging, log }),
  ];
  const sweep = every({
    name: 'sweep unpushed calls',
    ms: 2_000,
    work: (stopping) => sweepUnpushedCalls(deps, stopping),
    log,
  });
  const telling = every({
    name: 'tell of enquiries',
    ms: 2_000,
    work: (stopping) => pushEnquiries(deps, stopping),
    log,
  });
  const streams = streamsReady(nats, 'crm-pusher');
  const parts = async () => ({
    database: await probe(() => postgres.check()),
    nats: nats.isUp() || 'disconnected',
    streams: await probe(streams),
    outbox: relay.state() === 'older_database' ? 'the database is older than the streams' : (true as const),
  });
  const { CRM_URL, CRM_REQUESTS_PER_MINUTE } = config;
  const answering = await Promise.all([
    answerReconcile(nats, postgres),
    answerErase(nats, postgres),
    answerHealth({
      nats,
      service: 'crm-pusher',
      em: () => postgres.em(),
      parts,
      far: async () => ({ crm: await probe(() => lookAtCrm(deps.crm)) }),
      settings: { CRM_URL, CRM_REQUESTS_PER_MINUTE },
    }),
  ]);
  const admin = await startAdminServer({
    host: config.HOST,
    port: config.ADMIN_PORT,
    metrics: metrics.registry,
    measure: async () => {
      await Promise.all([
        measure(deps),
        measureMessaging({ em: postgres.em(), nats, service: 'crm-pusher', metrics: messaging }),
      ]);
    },
    ready: parts,
  });
  log.info({ port: admin.port }, 'the CRM pusher runs');
  return {
    adminUrl: admin.url,
    done: Promise.race(consumers.map((consumer) => consumer.done)),
    async stop() {
      for (const one of answering) one.stop();
      await Promise.all([sweep.stop(), telling.stop(), ...consumers.map((consumer) => consumer.stop())]);
      await relay.stop();
      await admin.close(1_000);
    },
  };
}

/** Whether the CRM takes our key, by a search for nobody; else what is wrong. */
async function lookAtCrm(crm: Deps['crm']): Promise<true | string> {
  const answered = await crm.findCustomer('0000000000');
  switch (answered.kind) {
    case 'ok':
      return true;
    case 'refused':
    case 'conflict':
      return `refuses a search (HTTP ${answered.status}): check CRM_URL`;
    case 'later':
      if (/^http_40[13]$/.test(answered.because)) return `refuses the key (${answered.because}): check CRM_API_KEY`;
      return answered.because.startsWith('http_')
        ? `refuses a search (${answered.because}): check CRM_URL`
        : `asks for patience (${answered.because})`;
    case 'unclear':
      return `not reached (${answered.because}): check CRM_URL and the way there`;
  }
}
