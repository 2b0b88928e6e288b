import { openFrame, type Running, type Servers } from '@leadline/frame/open-frame';
import { startRelay } from '@leadline/messaging/relay';
import { probe } from '@leadline/service-kit/admin-server';
import { every } from '@leadline/service-kit/every';
import type { Config } from './config.ts';
import { crmClient } from './crm-client.ts';
import type { Deps } from './deps.ts';
import { answerErase } from './erase-person.ts';
import { lookAtCrm } from './look-at-crm.ts';
import { createMetrics } from './metrics.ts';
import { mobileLocks } from './mobile-locks.ts';
import { onCallQualified } from './on-call-qualified.ts';
import { openCommits } from './open-commits.ts';
import { pushEnquiries } from './push-enquiries.ts';
import { answerPreviews } from './preview-task.ts';
import { answerReconcile } from './reconcile.ts';
import { measure, sweepUnpushedCalls } from './sweep-unpushed-calls.ts';

export type Environment = Servers & {
  fetch: typeof fetch;
  /** The database's time; tests shift it here. */
  now: (databaseTime: Date) => Date;
};

export type CrmPusher = Running;

/** Runs the pusher until it is stopped. The caller closes the database and NATS. */
export async function start(config: Config, environment: Environment): Promise<CrmPusher> {
  const { postgres, nats, log, now } = environment;
  const metrics = createMetrics();
  const deps: Deps = {
    postgres,
    commits: openCommits(postgres),
    log,
    metrics,
    now,
    crm: crmClient(config, environment.fetch, metrics),
    locks: mobileLocks(postgres.url),
    mapping: { priority: config.CRM_TASK_PRIORITY },
    policy: {
      lookAgainMs: config.CRM_LOOK_AGAIN_SECONDS * 1_000,
      lookGapMs: config.CRM_LOOK_GAP_SECONDS * 1_000,
      sweepAfterMs: config.CRM_SWEEP_AFTER_SECONDS * 1_000,
      oldCallsMaxAgeDays: config.PUSH_OLD_CALLS === 'on' ? config.PUSH_MAX_AGE_DAYS : null,
    },
  };
  const frame = openFrame({ service: 'crm-pusher', servers: environment, config, metrics });

  const relay = startRelay({ databaseUrl: postgres.url, writer: postgres, nats, service: 'crm-pusher', log });
  const consumers = frame.startConsumers('crm-pusher', [
    { durable: 'crm-pusher', handlers: [onCallQualified(deps)], concurrency: 8 },
  ]);
  const sweep = every({
    name: 'sweep unpushed calls',
    ms: 2_000,
    restMs: 5_000,
    work: (stopping) => sweepUnpushedCalls(deps, stopping),
    log,
  });
  const telling = every({
    name: 'tell of enquiries',
    ms: 2_000,
    restMs: 15_000,
    work: (stopping) => pushEnquiries(deps, stopping),
    log,
  });

  const { CRM_URL, CRM_REQUESTS_PER_MINUTE } = config;
  const { database, streams, outboxOf } = frame.checks;
  const needs = { database, nats: frame.checks.nats, streams, outbox: outboxOf(relay) };
  return frame.run({
    needs,
    goesOnWithout: {},
    health: {
      parts: needs,
      far: { crm: () => probe(() => lookAtCrm(deps.crm)) },
      settings: { CRM_URL, CRM_REQUESTS_PER_MINUTE },
    },
    measure: () => measure(deps),
    answers: await Promise.all([
      answerReconcile(nats, postgres),
      answerErase(nats, postgres),
      answerPreviews(nats, deps),
    ]),
    stopOrder: (answering) => [[answering], [sweep, telling, consumers], [deps.locks]],
    relay,
    done: consumers.done,
  });
}
