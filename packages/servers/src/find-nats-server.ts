import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { unpackDebianPackage } from './debian-package.ts';

const run = promisify(execFile);

/**
 * Finds a nats-server of 2.10 or newer: on PATH, else one that we downloaded before, else downloads one for this
 * platform. On Debian and Ubuntu it unpacks the signed package of a newer suite without installing it; on macOS it uses
 * brew; where Docker runs, it copies the program out of the official image.
 * @throws Error with one line on what to install
 */
export async function findNatsServer(options: { toolsDir: string; say: (line: string) => void }): Promise<string> {
  const fetched = join(options.toolsDir, 'nats-server');
  for (const path of ['nats-server', fetched, '/opt/homebrew/bin/nats-server', '/usr/local/bin/nats-server']) {
    if (await isNewEnough(path)) return path;
  }
  options.say('fetching nats-server, once: from apt’s mirror, brew or Docker');
  mkdirSync(options.toolsDir, { recursive: true });
  // Use a folder of our own: another process may be downloading too.
  const folder = mkdtempSync(join(options.toolsDir, 'fetching-'));
  const faults: string[] = [];
  try {
    for (const [by, fetch] of ways) {
      try {
        const path = await fetch(folder);
        if (await isNewEnough(path)) return keep(path, folder, fetched);
        faults.push(`${by}: what it brought does not run here or is too old`);
      } catch (error) {
        faults.push(`${by}: ${toReason(error)}`);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  throw new Error(
    [
      'nats-server 2.10 or newer is needed, is not on PATH and could not be fetched:',
      ...faults.map((fault) => `  ${fault}`),
      'Install it (https://nats.io/download) so that it is on PATH, or set NATS_URL to a server of yours. Behind a proxy,',
      'apt and Docker have settings of their own for it.',
    ].join('\n'),
  );
}

/** The first line that says something; a failed command's message begins with the command itself. */
function toReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'ENOENT') return 'is not here';
  if (/no space left|ENOSPC/i.test(error.message)) return 'the disk is full';
  const [first = '', second] = error.message.split('\n').filter((line) => line.trim() !== '');
  return (first.startsWith('Command failed') ? second : undefined) ?? first;
}

/** Moves a download from the folder to its place. What brew installed stays where it is. */
function keep(path: string, folder: string, place: string): string {
  if (!path.startsWith(folder)) return path;
  renameSync(path, place);
  return place;
}

/** Whether `nats-server: v2.10.27` is new enough: several filters in a consumer, sync_interval. */
export function versionIsEnough(text: string): boolean {
  const match = /v(\d+)\.(\d+)\./.exec(text);
  if (match === null) return false;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major > 2 || (major === 2 && minor >= 10);
}

async function isNewEnough(path: string): Promise<boolean> {
  if (path.includes('/') && !existsSync(path)) return false;
  try {
    const { stdout, stderr } = await run(path, ['--version'], { timeout: 5_000 });
    return versionIsEnough(stdout + stderr);
  } catch {
    return false;
  }
}

const ways = [
  ['apt-get', fromDebian],
  ['brew', fromBrew],
  ['docker', fromDocker],
] as const;

async function fromDebian(folder: string): Promise<string> {
  return join(await unpackDebianPackage('nats-server', folder), 'usr', 'sbin', 'nats-server');
}

async function fromBrew(): Promise<string> {
  if (process.platform !== 'darwin') throw new Error('not macOS');
  await run('brew', ['install', 'nats-server'], { timeout: 300_000 });
  const { stdout } = await run('brew', ['--prefix', 'nats-server']);
  return join(stdout.trim(), 'bin', 'nats-server');
}

async function fromDocker(folder: string): Promise<string> {
  if (process.platform !== 'linux') throw new Error('what its image holds runs on Linux only');
  const path = join(folder, 'nats-server');
  const { stdout } = await run('docker', ['create', 'nats:2.12'], { timeout: 120_000 });
  const container = stdout.trim();
  await run('docker', ['cp', `${container}:/nats-server`, path]);
  await run('docker', ['rm', container]);
  return path;
}
