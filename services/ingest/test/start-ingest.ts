import type { Nats } from '@leadline/messaging/connect';
import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { testSettings } from '@leadline/world/test-settings';
import { silentLog } from '@leadline/testing/silent-log';
import { readIngestConfig } from '../src/config.ts';
import { start, type Ingest } from '../src/start.ts';

export type Stand = {
  db: TestDatabase;
  nats: TestNats;
  ops: Nats;
  /** Starts a replica; these settings override the usual ones. `lookEachMs`: how often it looks for due vendors. */
  launch(settings?: Record<string, string>, lookEachMs?: number): Promise<Ingest>;
  /** Stops all replicas, then the servers. */
  stop(): Promise<void>;
};

/** A Postgres and a nats-server of the test file's own, on which it launches replicas of ingest. */
export async function startStand(): Promise<Stand> {
  const [db, nats] = await Promise.all([testDatabase(), testNats()]);
  const replicas: Ingest[] = [];
  return {
    db,
    nats,
    ops: await nats.connect('ops'),
    async launch(settings = {}, lookEachMs) {
      const config = readIngestConfig(testSettings('ingest', { db, nats }, settings));
      const ingest = await start(config, {
        postgres: await db.open('ingest'),
        nats: await nats.connect('ingest'),
        log: silentLog,
        ...(lookEachMs === undefined ? {} : { lookEachMs }),
      });
      replicas.push(ingest);
      return ingest;
    },
    async stop() {
      await Promise.all(replicas.map((replica) => replica.stop()));
      await nats.close();
      await db.drop();
    },
  };
}
