import { openFrame, type Checks, type Running, type Servers } from '@leadline/frame/open-frame';
import { startRelay } from '@leadline/messaging/relay';
import { openFindOwner } from '@leadline/service-kit/bearer';
import { forgetAfter } from '@leadline/service-kit/forget-after';
import { listen } from '@leadline/service-kit/listen';
import { answerCommands } from './answer-commands.ts';
import { createApp } from './app.ts';
import { fetchNamedLeads } from './polls/fetch-named-leads.ts';
import { openAwaitLeads } from './vendors/named-leads.ts';
import type { Config } from './config.ts';
import { openConnections } from './vendors/connections.ts';
import { forgetOldPeople } from './people/forget-old-people.ts';
import { groupCommit } from './intake/group-commit.ts';
import type { Delivery } from './intake/delivery.ts';
import { measurePolls } from './polls/measure-polls.ts';
import { createMetrics } from './intake/metrics.ts';
import { pullAdapters } from './sources/pull-registry.ts';
import { startPolling } from './polls/start-polling.ts';
import { openQuotas } from './vendors/quotas.ts';
import { storeDeliveries, type DeliveryOutcome } from './intake/store-deliveries.ts';

export type Ingest = Running & { url: string };

/** How long a delivery waits for a lost database before we tell its sender to try again. */
const patienceMs = 5_000;

/**
 * Runs ingest until it is stopped. The caller closes the database and NATS.
 * @param environment tests pass a `fetch` that stands in for the vendors, and `lookEachMs`: how often ingest looks which of
 * them are due
 */
export async function start(
  config: Config,
  environment: Servers & { fetch?: typeof fetch; lookEachMs?: number },
): Promise<Ingest> {
  const { postgres, nats, log, fetch = globalThis.fetch, lookEachMs = 1_000 } = environment;
  const metrics = createMetrics(
    config.API_KEYS.map(({ source }) => source),
    pullAdapters.map(({ adapter }) => adapter.source),
  );
  const frame = openFrame({ service: 'ingest', servers: environment, config, metrics });

  const relay = startRelay({ databaseUrl: postgres.url, writer: postgres, nats, service: 'ingest', log });
  const group = groupCommit<Delivery, DeliveryOutcome>({
    commit: async (deliveries) => {
      const outcomes = await storeDeliveries(deliveries, { postgres, log, patienceMs, dedupeDays: config.DEDUPE_DAYS });
      relay.wake();
      return outcomes;
    },
    maxTogether: 100,
    maxOnTheirWay: 3,
    maxWaiting: 20_000,
  });
  const receiving = { group, metrics, log };
  const vendorUrls = {
    indiamart: config.INDIAMART_URL,
    tradeindia: config.TRADEINDIA_URL,
    exportersindia: config.EXPORTERSINDIA_URL,
  };
  const meta = { graphUrl: config.META_GRAPH_URL, accessToken: config.META_PAGE_TOKEN };
  const asking = fetchNamedLeads({ ...receiving, ...meta, postgres, fetch, lookEachMs });
  const app = createApp({
    ...receiving,
    awaitLeads: openAwaitLeads(postgres, () => asking.wake()),
    postgres,
    findSource: openFindOwner(config.API_KEYS.map(({ source, key }) => ({ key, owner: source }))),
    connections: openConnections(postgres),
    quotas: openQuotas(),
    isStopping: frame.isStopping,
  });
  const server = await listen(app, { host: config.HOST, port: config.PORT, graceMs: 10_000 });
  const places = { publicUrl: config.INGEST_PUBLIC_URL ?? server.url, vendorUrls };
  const wake = (): void => asking.wake();
  const maxLeadAgeDays = config.MAX_LEAD_AGE_DAYS;
  const polling = startPolling({ ...receiving, postgres, fetch, vendorUrls, lookEachMs });
  const forgetting = forgetAfter(config.RETENTION_DAYS, (days) => forgetOldPeople(postgres, days), log);

  const { service, database, streams } = frame.checks;
  const needs: Checks = { service, database, streams };
  // Ingest takes leads without either: the outbox keeps their events.
  const goesOnWithout: Checks = { nats: frame.checks.nats, outbox: frame.checks.outboxOf(relay) };
  const running = await frame.run({
    needs,
    goesOnWithout,
    health: { parts: { ...needs, ...goesOnWithout } },
    measure: () => measurePolls(postgres, metrics),
    answers: await answerCommands({ nats, postgres, receiving, wake, maxLeadAgeDays, places }),
    stopOrder: (answering) => [[server, polling, asking, forgetting], [group], [answering]],
    relay,
    // Ingest consumes nothing. If NATS fails for good, it can neither publish nor answer commands.
    done: nats.closed.then((error) => {
      if (!frame.isStopping()) throw error ?? new Error('the NATS connection is gone');
    }),
    note: { port: server.port },
  });
  return { ...running, url: server.url };
}
