import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { endLeftovers, findOtherRun, noteProcesses, runItself } from './leftovers.ts';
import { untilExit } from '@leadline/servers/reaper';

let folder: string;
let file: string;
let child: ChildProcess;
let exited: Promise<string>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'leadline-leftovers-'));
  file = join(folder, 'processes.json');
  child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], { stdio: 'ignore' });
  exited = untilExit(child);
});
afterEach(async () => {
  child.kill('SIGKILL');
  await exited;
  rmSync(folder, { recursive: true });
});

test('what a killed run has left is ended', async () => {
  noteProcesses(file, [{ name: 'ingest', pid: child.pid ?? 0 }]);
  expect(await endLeftovers(file)).toEqual(['ingest']);
  expect(await exited).toBe('by SIGINT');
});

test('a process that only has an old pid is left alone', async () => {
  noteProcesses(file, [{ name: 'ingest', pid: child.pid ?? 0 }]);
  writeFileSync(file, readFileSync(file, 'utf8').replace(/"startedAt":"[^"]+"/, '"startedAt":"long ago"'));
  expect(await endLeftovers(file)).toEqual([]);
  expect(child.exitCode ?? child.signalCode).toBeNull();
});

test('a run that is still there is found, and is not ended as a leftover', async () => {
  noteProcesses(file, [{ name: runItself, pid: process.pid }]);
  expect(findOtherRun(file)).toBe(process.pid);
  expect(await endLeftovers(file)).toEqual([]);
});

test('no note, and one written half, mean that nothing runs', async () => {
  expect(findOtherRun(file)).toBeUndefined();
  writeFileSync(file, '[{"name":"npm sta');
  expect(findOtherRun(file)).toBeUndefined();
  expect(await endLeftovers(file)).toEqual([]);
});
