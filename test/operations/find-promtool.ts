import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { unpackDebianPackage } from '@leadline/servers/debian-package';

const run = promisify(execFile);

/**
 * Prometheus' promtool: from PATH, else one fetched before, else the signed package of a newer Debian or Ubuntu suite,
 * unpacked and not installed.
 * @throws Error with one line on what to install
 */
export async function findPromtool(toolsDir: string): Promise<string> {
  const fetched = join(toolsDir, 'promtool');
  for (const path of ['promtool', fetched]) if (await works(path)) return path;
  mkdirSync(toolsDir, { recursive: true });
  const folder = mkdtempSync(join(toolsDir, 'fetching-'));
  try {
    const path = join(await unpackDebianPackage('promtool', folder), 'usr', 'bin', 'promtool');
    if (!(await works(path))) throw new Error('what was fetched does not run here');
    renameSync(path, fetched);
    return fetched;
  } catch (error) {
    const because = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new Error(`promtool is not on PATH and could not be fetched (${because}); it comes with Prometheus`, {
      cause: error,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function works(path: string): Promise<boolean> {
  if (path.includes('/') && !existsSync(path)) return false;
  return run(path, ['--version'], { timeout: 10_000 }).then(
    () => true,
    () => false,
  );
}
