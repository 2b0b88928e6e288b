import type { Database } from '@leadline/database/open-database';
import type { Nats } from '@leadline/messaging/connect';
import { answerHealth } from '@leadline/messaging/answer-health';
import { measureMessaging } from '@leadline/messaging/measure-messaging';
import { startRelay } from '@leadline/messaging/relay';
import { streamsReady } from '@leadline/messaging/streams-ready';
import { openFindOwner } from '@leadline/service-kit/bearer';
import { probe, startAdminServer } from '@leadline/service-kit/admin-server';
import { forgetAfter } from '@leadline/service-kit/forget-after';
import { listen } from '@leadline/service-kit/listen';
import type { Log } from '@leadline/service-kit/logger';
import { answerQuestions } from './replay/answer-questions.ts';
import { createApp } from './app.ts';
import { answerErase } from './people/erase-person.ts';
import { fetchAwaited } from './polls/fetch-awaited.ts';
import { openAwaitLeads } from './vendors/awaited-leads.ts';
import type { Config } from './config.ts';
import { openConnections } from './vendors/connections.ts';
import { answerCorrections } from './replay/correct-receipt.ts';
import { forgetOldPeople } from './people/forget-old-people.ts';
import { groupCommit } from './intake/group-commit.ts';
import { answerReplay } from './replay/replay-deliveries.ts';
import { answerImports } from './imports/import-leads.ts';
import type { Delivery } from './intake/delivery.ts';
import { manageSources } from './vendors/manage-sources.ts';
import { measurePolls } from './polls/measure-polls.ts';
import { createMetrics } from './intake/metrics.ts';
import { pullAdapters } from './sources/pull-registry.ts';
import { startPolling } from './polls/start-polling.ts';
import { openQuotas } from './vendors/quotas.ts';
import { answerReconcile } from './reconcile.ts';
import { storeDeliveries, type DeliveryOutcome } from './intake/store-deliveries.ts';

export type Around = { postgres: Database; nats: Nats; log: Log; fetch?: typeof fetch };

export type Ingest = { url: string; adminUrl: string; stop(): Promise<void>; done: Promise<unknown> };

/** How long a delivery waits for a lost database before its sender is told to try again. */
const patienceMs = 5_000;

/** Runs ingest until it is stopped. It closes neither the database nor NATS: they are the caller's. */
export async function start(config: Config, around: Around): Promise<Ingest> {
  const { postgres, nats, log } = around;
  const metrics = createMetrics(
    config.API_KEYS.map(({ source }) => source),
    pullAdapters.map(({ adapter }) => adapter.source),
  );
  let stopping = false;

  const relay = startRelay({ databaseUrl: postgres.url, nats, service: 'ingest', log });
  const group = groupCommit<Delivery, DeliveryOutcome>({
    commit: async (deliveries) => {
      const outcomes = await storeDeliveries(deliveries, { postgres, log, patienceMs, dedupeDays: config.DEDUPE_DAYS });
      relay.wake();
      return outcomes;
    },
    mostTogether: 100,
    mostOnTheirWay: 3,
    mostWaiting: 20_000,
  });
  const receiving = { group, metrics, log };
  const vendorUrls = {
    indiamart: config.INDIAMART_URL,
    tradeindia: config.TRADEINDIA_URL,
    exportersindia: config.EXPORTERSINDIA_URL,
  };
  const findSource = openFindOwner(config.API_KEYS.map(({ source, key }) => ({ key, owner: source })));
  const connections = openConnections(postgres);
  const isStopping = (): boolean => stopping;
  const asking = fetchAwaited({
    ...receiving,
    postgres,
    fetch: around.fetch ?? fetch,
    graphUrl: config.META_GRAPH_URL,
    accessToken: config.META_PAGE_TOKEN,
  });
  const awaitLeads = openAwaitLeads(postgres, () => asking.wake());
  const app = createApp({
    ...receiving,
    awaitLeads,
    postgres,
    findSource,
    connections,
    quotas: openQuotas(),
    isStopping,
  });
  const streams = streamsReady(nats, 'ingest');
  const server = await listen(app, { host: config.HOST, port: config.PORT });
  const parts = async () => ({
    service: stopping ? 'stopping' : (true as const),
    database: await probe(() => postgres.check()),
    streams: await probe(streams),
  });
  // Leads are taken without either: the outbox keeps what is to be told.
  const tell = () => ({
    nats: nats.isUp() || 'disconnected',
    outbox: relay.state() === 'older_database' ? 'the database is older than the streams' : (true as const),
  });
  const answering = await Promise.all([
    answerQuestions(nats, postgres),
    answerReconcile(nats, postgres),
    answerErase(nats, postgres),
    answerImports(nats, postgres, receiving, config.MAX_LEAD_AGE_DAYS),
    answerReplay(nats, postgres, { ...receiving, wake: () => asking.wake() }),
    answerCorrections(nats, postgres, receiving),
    manageSources(nats, postgres, { publicUrl: config.INGEST_PUBLIC_URL ?? server.url, vendorUrls }),
    answerHealth({
      nats,
      service: 'ingest',
      em: () => postgres.em(),
      parts: async () => ({ ...(await parts()), ...tell() }),
    }),
  ]);
  const polling = startPolling({ ...receiving, postgres, fetch: around.fetch ?? fetch, vendorUrls });
  const forgetting = forgetAfter(config.RETENTION_DAYS, (days) => forgetOldPeople(postgres, days), log);
  const admin = await startAdminServer({
    host: config.HOST,
    port: config.ADMIN_PORT,
    metrics: metrics.registry,
    measure: async () => {
      await Promise.all([
        measurePolls(postgres, metrics),
        measureMessaging({ em: postgres.em(), nats, service: 'ingest', metrics: metrics.messaging }),
      ]);
    },
    ready: parts,
    tell,
  });
  log.info({ port: server.port, adminPort: admin.port }, 'ingest runs');

  return {
    url: server.url,
    adminUrl: admin.url,
    done: nats.closed.then((error) => {
      if (!stopping) throw error ?? new Error('the NATS connection is gone');
    }),
    async stop() {
      stopping = true;
      await Promise.all([server.close(), polling.stop(), asking.stop(), forgetting.stop()]);
      await group.drain();
      for (const one of answering) one.stop();
      await relay.stop();
      await admin.close(1_000);
    },
  };
}
