import { removeWithUs } from '@leadline/servers/reaper';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');

export type PreviousVersion = { commit: string; folder: string };

/**
 * The code that an upgrade replaces, with its own libraries: the last release, or before the first one the code from
 * before the newest migration, so that it meets a schema newer than itself; where history begins with that migration, its
 * beginning. `wanted`: that commit instead.
 * @throws Error with one line on what is missing
 */
export async function fetchPreviousVersion(wanted?: string): Promise<PreviousVersion> {
  const git: Git = async (...args) => {
    const { stdout } = await run('git', args, { cwd: root, maxBuffer: 256 * 1024 * 1024 });
    return stdout.trim();
  };
  const commit = await (
    wanted === undefined ? findPrevious(git) : git('rev-parse', '--verify', `${wanted}^{commit}`)
  ).catch(() => undefined);
  if (commit === undefined) throw new Error('the history of this clone does not reach back to the version before');
  const folder = mkdtempSync(join(tmpdir(), 'leadline-previous-'));
  removeWithUs(folder);
  await run('sh', ['-c', 'git archive "$1" | tar -x -C "$2"', 'sh', commit, folder], { cwd: root });
  const { packageManager } = z
    .object({ packageManager: z.string() })
    .parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')));
  // Without the lockfile's check: what was written down then is what is installed, or nothing.
  await run('npx', ['--yes', packageManager, 'install', '--prefer-offline', '--frozen-lockfile'], {
    cwd: folder,
    timeout: 240_000,
  }).catch((cause: unknown) => {
    throw new Error(`the libraries of ${commit.slice(0, 8)} can't be installed`, { cause });
  });
  return { commit, folder };
}

type Git = (...args: string[]) => Promise<string>;

async function findPrevious(git: Git): Promise<string | undefined> {
  const [release] = (await git('tag', '--merged', 'HEAD', '--list', 'v*', '--sort=-v:refname')).split('\n');
  if (release !== undefined && release !== '') return git('rev-parse', '--verify', `${release}^{commit}`);
  const migrations = ['--', 'packages/database/src/migrations/0*.ts'];
  const newest = await git('log', '-1', '--diff-filter=A', '--format=%H', ...migrations);
  const before = await git('rev-parse', '--verify', '--quiet', `${newest}^`).catch(() => newest);
  return before === (await git('rev-parse', 'HEAD')) ? undefined : before;
}
