import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { inject } from 'vitest';
import { leadline, type Leadline } from './leadline.ts';
import { rolePasswords } from './role-passwords.ts';

type Database = Awaited<ReturnType<Leadline['openDatabase']>>;
type Role = keyof typeof rolePasswords;

export type TestDatabase = {
  /** The superuser's URL. */
  url: string;
  roleUrls: Record<Role, string>;
  /** A pool as a service's role, or as the owner of everything; `drop` closes it. */
  open(as: Role | 'owner', poolSize?: number): Promise<Database>;
  /** Runs plain SQL as superuser. */
  query<Row = Record<string, unknown>>(text: string, values?: unknown[]): Promise<Row[]>;
  drop(): Promise<void>;
};

/** A database of its own for a test file: migrated and with its roles, or empty. */
export async function testDatabase(options: { migrated: boolean } = { migrated: true }): Promise<TestDatabase> {
  const server = inject('postgresUrl');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await onServer(server, `create database ${name} ${options.migrated ? `template ${inject('templateDatabase')}` : ''}`);
  const own = new URL(server);
  own.pathname = `/${name}`;
  const url = own.href;
  const opened: Database[] = [];
  const { openDatabase, roleUrl } = leadline();
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  // Normally the call-tracker notes this. Most tests run none, but dial all the same.
  if (options.migrated)
    await client.query(`update report_hearing set heard_since = '-infinity', heard_until = 'infinity'`);
  return {
    url,
    roleUrls: {
      ingest: roleUrl(url, 'ingest', rolePasswords.ingest),
      dispatcher: roleUrl(url, 'dispatcher', rolePasswords.dispatcher),
      callTracker: roleUrl(url, 'callTracker', rolePasswords.callTracker),
      crmPusher: roleUrl(url, 'crmPusher', rolePasswords.crmPusher),
      dashboard: roleUrl(url, 'dashboard', rolePasswords.dashboard),
    },
    async open(as, poolSize = 5) {
      const target = as === 'owner' ? url : roleUrl(url, as, rolePasswords[as]);
      const database = await openDatabase({ url: target, name: `test-${as}`, poolSize });
      opened.push(database);
      return database;
    },
    async query<Row>(text: string, values: unknown[] = []) {
      const { rows } = await client.query(text, values);
      return rows as Row[];
    },
    async drop() {
      await Promise.all(opened.map((database) => database.close()));
      await client.end();
      await onServer(server, `drop database if exists ${name} with (force)`);
    },
  };
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
