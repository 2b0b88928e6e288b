import { globSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The clock on the wall as one process and its children see it; how time passes stays as it is. */
export type Clock = {
  /** What the process is started with. */
  env: Record<string, string>;
  /** From at most a second on so far ahead of the true time, or behind it. */
  step(ms: number): void;
};

/** libfaketime (https://github.com/wolfcw/libfaketime), where Debian, Alpine and Homebrew keep it. */
const places = [
  '/usr/lib/*/faketime/libfaketimeMT.so.1',
  '/usr/lib/faketime/libfaketimeMT.so.1',
  '/usr/lib64/faketime/libfaketimeMT.so.1',
];

/** What a drill that steps clocks misses here, in words; undefined: nothing. */
export function missesClocks(): string | undefined {
  return findLibrary() === undefined ? 'it needs libfaketime (on Debian: apt-get install faketime)' : undefined;
}

/** @throws Error when there is no libfaketime here */
export function openClock(folder: string, name: string): Clock {
  const library = findLibrary();
  if (library === undefined) throw new Error(missesClocks());
  const file = join(folder, `${name}.clock`);
  const step = (ms: number): void => writeFileSync(file, `${ms < 0 ? '-' : '+'}${Math.abs(ms) / 1_000}`);
  step(0);
  return {
    env: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      FAKETIME_DISABLE_SHM: '1',
    },
    step,
  };
}

function findLibrary(): string | undefined {
  return globSync([...places])[0];
}
