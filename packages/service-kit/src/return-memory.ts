import type { Part } from '@leadline/time/part';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What a process held and did when we looked. */
export type MemoryLook = {
  residentMb: number;
  /** The share of the time since the look before in which its event loop had work, or waited for a core to do it. */
  busyShare: number;
};

const lookEachMs = 10_000;
const quietShare = 0.05;
const worthMb = 16;

/**
 * Whether memory goes back now: only when there is little to do, for a collection holds everything else up, and only when
 * it is worth that.
 * @param restingMb what the process held after the last time; undefined before the first
 */
export function shouldReturn(look: MemoryLook, restingMb: number | undefined): boolean {
  return look.busyShare < quietShare && (restingMb === undefined || look.residentMb > restingMb + worthMb);
}

/**
 * Gives memory back to the system once a busy time is over. V8 keeps what a burst, or loading the code, made it take: it
 * looks for garbage only when somebody allocates, so a resting process would hold it for hours. One collection takes about
 * 0.1 s of processor time.
 * @param eachMs shorter in tests
 */
export function returnMemory(eachMs: number = lookEachMs): Part {
  const collect = openCollect();
  let restingMb: number | undefined;
  let before = performance.eventLoopUtilization();
  const look = async (): Promise<void> => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    const held = residentMb();
    if (shouldReturn({ residentMb: held, busyShare: utilization }, restingMb)) {
      await collect();
      restingMb = residentMb();
      // The collection itself is no work.
      before = performance.eventLoopUtilization();
    } else if (restingMb !== undefined) {
      // Pages may go back a little after a collection.
      restingMb = Math.min(restingMb, held);
    }
  };
  const looking = setInterval(() => void look(), eachMs).unref();
  return {
    stop: async () => clearInterval(looking),
  };
}

/**
 * `last-resort` is V8's answer to a system short of memory: it also drops caches of compiled code and shrinks the part of
 * the heap for what is new, which other collections leave as large as it was.
 */
function openCollect(): () => Promise<void> {
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('gc');
  if (!isGc(gc)) throw new Error('this Node can not be asked to collect garbage');
  setFlagsFromString('--no-expose-gc');
  return () => gc({ type: 'major', execution: 'async', flavor: 'last-resort' });
}

function isGc(value: unknown): value is NodeJS.GCFunction {
  return typeof value === 'function';
}

function residentMb(): number {
  return process.memoryUsage.rss() / 1_048_576;
}
