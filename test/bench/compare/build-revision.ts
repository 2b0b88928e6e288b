import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ownTree, type Tree } from '../tree.ts';

const run = promisify(execFile);

/**
 * A work tree of that revision below `.leadline/bench`, with its packages installed by its own setup. One that is there
 * from an earlier run is used again.
 * @throws Error when this clone does not know the revision, when its work tree was changed, or its packages don't install
 */
export async function buildRevision(revision: string, say: (line: string) => void): Promise<Tree> {
  const commit = await git(ownTree.folder, 'rev-parse', '--verify', '--quiet', `${revision}^{commit}`).catch(() => {
    throw new Error(
      `this clone does not know the revision ${revision}: fetch it first (a shallow clone holds one only)`,
    );
  });
  const name = commit.slice(0, 8);
  const folder = join(ownTree.folder, '.leadline', 'bench', name);
  if (existsSync(folder)) {
    const [found, changed] = [await git(folder, 'rev-parse', 'HEAD'), await git(folder, 'status', '--porcelain')];
    if (found !== commit || changed !== '')
      throw new Error(`${folder} is not what ${name} was: git worktree remove --force ${folder}`);
  } else {
    say(`bench: a work tree of ${name} in ${folder}`);
    mkdirSync(join(ownTree.folder, '.leadline', 'bench'), { recursive: true });
    // --force: git may still list a work tree there whose folder was removed.
    await git(ownTree.folder, 'worktree', 'add', '--force', '--detach', folder, commit);
  }
  const setup = spawn(process.execPath, ['setup.mjs', 'install'], { cwd: folder, stdio: ['ignore', 2, 2] });
  const [code] = (await once(setup, 'close')) as [number | null];
  if (code !== 0) throw new Error(`the packages of ${name} could not be installed`);
  return { name, folder };
}

async function git(cwd: string, ...args: string[]): Promise<string> {
  return (await run('git', args, { cwd })).stdout.trim();
}
