import { findNatsServer } from '@leadline/servers/find-nats-server';
import { startPostgres } from '@leadline/servers/postgres';
import { removeWithUs } from '@leadline/servers/reaper';
import { initDatabase } from '@leadline/database/init-database';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import type { TestProject } from 'vitest/node';
import { rolePasswords } from '@leadline/testing/role-passwords';

declare module 'vitest' {
  interface ProvidedContext {
    /** As superuser; each test file makes databases of its own from `templateDatabase`. */
    postgresUrl: string;
    templateDatabase: string;
    natsServerPath: string;
    /** Each test file's nats-server is a container, not a process. */
    inContainers: boolean;
  }
}

/**
 * One Postgres for the run and the path of a nats-server, which each test file starts for itself.
 * DATABASE_URL takes a server of yours (its user must be allowed to create databases and roles);
 * LEADLINE_TEST_INFRA=containers starts Postgres and each nats-server in a container.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'leadline-test-'));
  removeWithUs(folder);
  const { url, stop } = await postgresFor(folder);
  const templateDatabase = `leadline_template_${process.pid}`;
  const admin = new Client({ connectionString: url });
  await admin.connect();
  await admin.query(`create database ${templateDatabase}`);
  const template = new URL(url);
  template.pathname = `/${templateDatabase}`;
  await initDatabase({ url: template.href, rolePasswords });
  project.provide('postgresUrl', url);
  project.provide('templateDatabase', templateDatabase);
  project.provide('inContainers', inContainers());
  project.provide(
    'natsServerPath',
    await findNatsServer({
      toolsDir: join(import.meta.dirname, '../.leadline/tools'),
      say: (line) => process.stderr.write(`${line}\n`),
    }),
  );
  return async () => {
    await admin.query(`drop database if exists ${templateDatabase} with (force)`);
    await admin.end();
    await stop();
    rmSync(folder, { recursive: true, force: true });
  };
}

async function postgresFor(folder: string): Promise<{ url: string; stop: () => Promise<unknown> }> {
  const own = process.env['DATABASE_URL'];
  if (own !== undefined && own !== '') return { url: own, stop: async () => undefined };
  if (inContainers()) {
    const { startPostgresContainer } = await import('@leadline/testing/postgres-container');
    return startPostgresContainer();
  }
  const postgres = await startPostgres({
    dir: join(folder, 'postgres'),
    database: 'leadline',
    password: 'test',
    durable: false,
  });
  return { url: postgres.url, stop: () => postgres.stop() };
}

function inContainers(): boolean {
  return process.env['LEADLINE_TEST_INFRA'] === 'containers';
}
