/** What one line of `/proc/<pid>/stat` says (proc_pid_stat(5)). CPU times in ms: utime and stime together. */
export type ProcessStat = {
  parentPid: number;
  cpuMs: number;
  /** Of its children that have ended and were waited for. */
  endedChildrenCpuMs: number;
};

/** A tick of these files is a hundredth of a second on every Linux (USER_HZ). */
const tickMs = 10;

/** @throws Error when it is no such line */
export function readStat(text: string): ProcessStat {
  // The name is in brackets and may hold brackets and blanks: what follows begins after the last one.
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .trim()
    .split(' ');
  const [parentPid, utime, stime, cutime, cstime] = [1, 11, 12, 13, 14].map((index) => Number(fields[index]));
  const stat = {
    parentPid: parentPid ?? Number.NaN,
    cpuMs: ((utime ?? Number.NaN) + (stime ?? Number.NaN)) * tickMs,
    endedChildrenCpuMs: ((cutime ?? Number.NaN) + (cstime ?? Number.NaN)) * tickMs,
  };
  if (Object.values(stat).some(Number.isNaN)) throw new Error('not a line of /proc/<pid>/stat');
  return stat;
}

/** `postgres: leadline_ingest leadline 127.0.0.1(5) idle` → `leadline_ingest`; `postgres: walwriter ` → `walwriter`. */
export function toBackendName(commandLine: string): string {
  const title = commandLine
    .replaceAll('\0', ' ')
    .trim()
    .replace(/^postgres: /, '');
  const [first = '', second = ''] = title.split(' ');
  return first.startsWith('leadline_') || second === '' ? first : title.split(' ').slice(0, 2).join(' ');
}

/** MB of `/proc/<pid>/status` that are resident. @throws Error when it does not say */
export function readResidentMb(status: string): number {
  const kb = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kb === undefined) throw new Error('no VmRSS in /proc/<pid>/status');
  return Number(kb) / 1_024;
}
