import { expect, test } from 'vitest';
import { readResidentMb, readStat, toBackendName } from './read-proc.ts';

test('CPU of a process whose name holds brackets and blanks', () => {
  const line =
    '4711 (postgres: a) (b c) S 42 4711 4711 0 -1 4194560 1000 2000 0 0 150 50 30 7 20 0 1 0 123456 1000000 500 184';
  expect(readStat(line)).toEqual({ parentPid: 42, cpuMs: 2_000, endedChildrenCpuMs: 370 });
});

test('what is no line of /proc/<pid>/stat is no CPU of 0', () => {
  for (const text of ['', '12 (node) S', 'VmRSS: 12 kB']) expect(() => readStat(text)).toThrow('/proc/<pid>/stat');
});

test.each([
  ['postgres: leadline_call_tracker leadline 127.0.0.1(48112) idle in transaction', 'leadline_call_tracker'],
  ['postgres: postgres leadline 127.0.0.1(48112) SELECT', 'postgres leadline'],
  ['postgres: autovacuum worker leadline', 'autovacuum worker'],
  ['postgres: walwriter \0\0', 'walwriter'],
])('%j is %s', (commandLine, name) => expect(toBackendName(commandLine)).toBe(name));

test('resident memory in MB', () => {
  expect(readResidentMb('Name:\tnode\nVmHWM:\t  300000 kB\nVmRSS:\t  153600 kB\nThreads:\t11\n')).toBe(150);
  expect(() => readResidentMb('Name:\tkthreadd\n')).toThrow('VmRSS');
});
