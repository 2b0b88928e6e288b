import { endProcess, endWithUs, removeWithUs } from '@leadline/servers/reaper';
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type Docker = {
  /** Runs docker; resolves with all that it printed. */
  (args: string[], options?: { timeoutMs?: number }): Promise<string>;
  program: string;
  /** What a program needs to find this Docker. */
  env: Record<string, string>;
  /** Ends a daemon that was started for this; leaves one that ran before. */
  stop(): Promise<void>;
};

/**
 * The Docker that runs here, else, for root, one started from dockerd on PATH with a socket and data of its own.
 * @throws Error with one line on what is missing
 */
export async function openDocker(): Promise<Docker> {
  const program = await findProgram();
  if (program === undefined) throw new Error('docker with BuildKit is not installed (on Debian: docker.io)');
  if (await answers(program, {})) return toDocker(program, {});
  return startDaemon(program);
}

/** Newer clients build through a plugin of their own, which a distribution may leave out. */
async function findProgram(): Promise<string | undefined> {
  for (const program of ['docker', '/usr/bin/docker']) {
    try {
      const { stdout } = await run(program, ['--version']);
      if (Number(/version (\d+)\./.exec(stdout)?.[1]) < 23) return program;
      await run(program, ['buildx', 'version']);
      return program;
    } catch {
      // Not there, or it can't build: the next one.
    }
  }
  return undefined;
}

async function answers(program: string, env: Record<string, string>): Promise<boolean> {
  try {
    await run(program, ['version', '--format', '{{.Server.Version}}'], { env: { ...process.env, ...env } });
    return true;
  } catch {
    return false;
  }
}

async function startDaemon(program: string): Promise<Docker> {
  if (process.getuid?.() !== 0) throw new Error('no Docker runs here, and only root can start one');
  const missing = ['dockerd', 'containerd', 'runc', 'iptables'].filter((name) => !onPath(name));
  if (missing.length > 0)
    throw new Error(`no Docker runs here, and ${missing.join(', ')} is not installed to start one`);
  const folder = mkdtempSync(join(tmpdir(), 'leadline-docker-'));
  removeWithUs(folder);
  const host = `unix://${join(folder, 'docker.sock')}`;
  const places = ['data-root', 'exec-root'].flatMap((name) => [`--${name}`, join(folder, name)]);
  const pidFile = join(folder, 'pid');
  const child = spawn('dockerd', ['--host', host, ...places, '--pidfile', pidFile, '--log-level', 'error'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  endWithUs(child);
  let words = '';
  child.stderr.on('data', (data: Buffer) => {
    words = `${words}${data.toString()}`.slice(-2_000);
  });
  const stop = async (): Promise<void> => {
    await endProcess(child, 'SIGTERM', 20_000);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  const deadline = performance.now() + 30_000;
  while (!(await answers(program, { DOCKER_HOST: host }))) {
    if (child.exitCode !== null || performance.now() > deadline) {
      await stop();
      throw new Error(`dockerd does not start here: ${words.trim().split('\n').at(-1) ?? 'it says nothing'}`);
    }
    await wait(100);
  }
  return toDocker(program, { DOCKER_HOST: host }, stop);
}

/** The Docker that such variables lead to. */
export function toDocker(
  program: string,
  env: Record<string, string>,
  stop: () => Promise<void> = async () => undefined,
): Docker {
  const docker = async (args: string[], options: { timeoutMs?: number } = {}): Promise<string> => {
    const { stdout, stderr } = await run(program, args, {
      env: { ...process.env, ...env, DOCKER_BUILDKIT: '1' },
      timeout: options.timeoutMs ?? 120_000,
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout + stderr;
  };
  return Object.assign(docker, { program, env, stop });
}

function onPath(name: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, name)));
}
