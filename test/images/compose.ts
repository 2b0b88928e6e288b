import { unpackDebianPackage } from '@leadline/servers/debian-package';
import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Docker } from './docker.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const tools = join(root, '.leadline/tools');

/** Runs docker compose in deploy/, with these variables before those of the env file; resolves with its output. */
export type Compose = (args: string[], options?: { timeoutMs?: number }) => Promise<string>;

/**
 * Compose 2 as Docker's plugin or a program of its own; else Debian's package of a newer suite, unpacked.
 * @throws Error with one line on what is missing
 */
export async function openCompose(docker: Docker, env: Record<string, string>): Promise<Compose> {
  const [program, ...first] = await findCompose(docker);
  return async (args, options = {}) => {
    const { stdout, stderr } = await run(program, [...first, ...args], {
      cwd: join(root, 'deploy'),
      env: { ...process.env, ...docker.env, ...env },
      timeout: options.timeoutMs ?? 120_000,
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout + stderr;
  };
}

async function findCompose(docker: Docker): Promise<[string, ...string[]]> {
  const kept = join(tools, 'docker-compose');
  const known: [string, ...string[]][] = [[docker.program, 'compose'], ['docker-compose'], [kept]];
  for (const [program, ...first] of known) {
    if (await isNewEnough(program, first)) return [program, ...first];
  }
  mkdirSync(tools, { recursive: true });
  const folder = mkdtempSync(join(tools, 'fetching-'));
  try {
    const unpacked = await unpackDebianPackage('docker-compose', folder);
    copyFileSync(join(unpacked, 'usr/libexec/docker/cli-plugins/docker-compose'), kept);
  } catch (cause) {
    throw new Error('docker compose 2.24 or newer is not installed and could not be fetched', { cause });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (!(await isNewEnough(kept, []))) throw new Error('the docker compose that could be fetched does not run here');
  return [kept];
}

/** 2.24: dependencies on services whose profile is off. */
async function isNewEnough(program: string, first: string[]): Promise<boolean> {
  if (program.includes('/') && !existsSync(program)) return false;
  try {
    const { stdout } = await run(program, [...first, 'version', '--short']);
    const [major = 0, minor = 0] = stdout.trim().replace(/^v/, '').split('.').map(Number);
    return major > 2 || (major === 2 && minor >= 24);
  } catch {
    return false;
  }
}
