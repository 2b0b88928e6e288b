import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';

/** A file system of a drill's own, which it can fill. */
export type SmallDisk = {
  /** Nobody can write another byte. */
  fill(): void;
  free(): void;
  unmount(): void;
};

const ownMounts = 'LEADLINE_OWN_MOUNTS';

/** What a drill with small disks misses here, in words; undefined: nothing. */
export function missesSmallDisks(): string | undefined {
  if (process.env[ownMounts] !== undefined) return undefined;
  return 'it needs root and the right to mount, for file systems of its own';
}

/**
 * Runs this program once more where its mounts are its own and end with it, whatever becomes of it. Returns at once
 * where that is so already, or can't be.
 */
export async function enterOwnMounts(): Promise<void> {
  if (process.env[ownMounts] !== undefined || process.getuid?.() !== 0) return;
  const isolated = ['--mount', '--propagation', 'private', '--'];
  try {
    execFileSync('unshare', [...isolated, 'mount', '-t', 'tmpfs', 'none', '/tmp'], { stdio: 'ignore' });
  } catch {
    return;
  }
  const child = spawn('unshare', [...isolated, process.execPath, ...process.execArgv, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, [ownMounts]: '1' },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  const code = await new Promise<number>((resolve) => {
    child.once('exit', (exitCode, signal) => resolve(exitCode ?? 128 + constants.signals[signal ?? 'SIGKILL']));
  });
  process.exit(code);
}

/** @throws Error when it can't be mounted */
export function mountSmallDisk(folder: string, megabytes: number): SmallDisk {
  mkdirSync(folder, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0755`, 'none', folder]);
  const ballast = join(folder, 'ballast');
  return {
    fill() {
      const { bavail, bsize } = statfsSync(folder);
      writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - 65_536)), { flag: 'a' });
      try {
        for (;;) writeFileSync(ballast, Buffer.alloc(4_096), { flag: 'a' });
      } catch {
        // ENOSPC: it is full.
      }
    },
    free: () => rmSync(ballast, { force: true }),
    unmount: () => void execFileSync('umount', ['--lazy', folder]),
  };
}
