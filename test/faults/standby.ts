import { until } from '@leadline/testing/until';
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { openLink } from '@leadline/servers/link';
import { keepPostgres, type Server } from './servers.ts';

/** A second Postgres that replays what the first one streams to it, until it is cut off. */
export type Standby = {
  server: Server;
  /** From now on nothing arrives any more, and neither side is told. Resolves when all of before is replayed. */
  cutOff(): Promise<void>;
  /** It takes writes from here on, with whatever it has. */
  promote(): Promise<void>;
};

/**
 * A streaming standby of `primary`, below `dir`. It begins with a copy of the primary's files at one moment, as a
 * snapshot of its disk would be (https://www.postgresql.org/docs/18/backup-file.html), and follows asynchronously.
 */
export async function followPrimary(primary: Server, dir: string): Promise<Standby> {
  const data = join(dir, 'data');
  mkdirSync(dir, { recursive: true });
  primary.backUp(data);
  // The copy's postmaster would take the primary's for its own.
  rmSync(join(data, 'postmaster.pid'), { force: true });
  writeFileSync(join(data, 'standby.signal'), '', { mode: 0o644 });
  const stream = await openLink('standby-stream', () => primary.port);
  const { username, password } = new URL(primary.url);
  appendFileSync(
    join(data, 'postgresql.auto.conf'),
    `primary_conninfo = 'host=127.0.0.1 port=${stream.port} user=${username} password=${password}'\n`,
  );
  const server = await keepPostgres(dir);
  const ask = async <Row>(text: string): Promise<Row | undefined> => {
    const client = new Client({ connectionString: server.url });
    await client.connect();
    try {
      return (await client.query(text)).rows[0] as Row | undefined;
    } finally {
      await client.end();
    }
  };
  await until('the standby follows', async () => {
    const walReceiver = await ask<{ n: number }>(
      `select count(*)::int as n from pg_stat_wal_receiver where status = 'streaming'`,
    );
    return walReceiver?.n === 1;
  });
  return {
    server,
    async cutOff() {
      stream.suffer({ kind: 'blackhole' });
      await until('what came is replayed', async () => {
        const replay = await ask<{ done: boolean }>(
          `select pg_last_wal_receive_lsn() <= pg_last_wal_replay_lsn() as done`,
        );
        return replay?.done;
      });
    },
    async promote() {
      await stream.close();
      const promoted = await ask<{ done: boolean }>(`select pg_promote() as done`);
      if (promoted?.done !== true) throw new Error('the standby was not promoted');
    },
  };
}
