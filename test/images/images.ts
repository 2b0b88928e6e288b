import { findNatsServer } from '@leadline/servers/find-nats-server';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Docker } from './docker.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const tools = join(root, '.leadline/tools');

/** What the Dockerfile can make: each service, and the packages that are started. */
export const imageNames: readonly string[] = [
  ...readdirSync(join(root, 'services')),
  ...['setup', 'simulator', 'cli'].filter((name) => existsSync(join(root, 'packages', name, 'src/main.ts'))),
].filter(
  (name) => existsSync(join(root, 'services', name, 'src/main.ts')) || !existsSync(join(root, 'services', name)),
);

/** The official images that ours and their tests stand on. */
const bases = ['node:24-bookworm-slim', 'postgres:18', 'nats:2-alpine'];

/**
 * Has the official images ready: those that are there, pulled ones, else stand-ins from Debian packages under the same
 * names. Says which.
 * @throws Error with one line on what is missing
 */
export async function haveBases(docker: Docker, say: (line: string) => void): Promise<void> {
  const missing: string[] = [];
  for (const name of bases) {
    const there = await docker(['image', 'inspect', name]).then(
      () => true,
      () =>
        docker(['pull', '--quiet', name], { timeoutMs: 300_000 }).then(
          () => true,
          () => false,
        ),
    );
    if (!there) missing.push(name);
  }
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0 || !existsSync('/usr/sbin/debootstrap')) {
    throw new Error(`${missing.join(', ')} can't be pulled, and a stand-in takes root and debootstrap`);
  }
  say(`${missing.join(', ')} can't be pulled: stand-ins are made from Debian packages`);
  const natsServer = await findNatsServer({ toolsDir: tools, say });
  const script = join(import.meta.dirname, 'make-stand-ins.sh');
  await run(script, [docker.program, join(tools, 'stand-ins'), natsServer], {
    env: { ...process.env, ...docker.env },
    timeout: 900_000,
  });
}

/** Builds one of ours as `leadline/<name>:<tag>` and says its size in MB. */
export async function buildImage(
  docker: Docker,
  name: string,
  tag = 'dev',
): Promise<{ image: string; megabytes: number }> {
  const image = `leadline/${name}:${tag}`;
  const { stdout: commit } = await run('git', ['rev-parse', '--short', 'HEAD'], { cwd: root }).catch(() => ({
    stdout: '',
  }));
  const build = ['build', '--network', 'host', '--file', join(root, 'deploy/Dockerfile'), '--tag', image];
  await docker([...build, '--build-arg', `SERVICE=${name}`, '--build-arg', `REVISION=${commit.trim()}`, root], {
    timeoutMs: 900_000,
  });
  const size = await docker(['image', 'inspect', '--format', '{{.Size}}', image]);
  return { image, megabytes: Math.round(Number(size) / 1e6) };
}
