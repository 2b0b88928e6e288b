import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { shouldReturn } from './return-memory.ts';

const run = promisify(execFile);

test.each([
  ['what loading took goes back once the process rests', { residentMb: 150, busyShare: 0.01 }, undefined, true],
  ['nothing is held up while there is work', { residentMb: 400, busyShare: 0.05 }, 120, false],
  ['not even at the start', { residentMb: 400, busyShare: 0.9 }, undefined, false],
  ['after a burst it goes back', { residentMb: 137, busyShare: 0 }, 120, true],
  ['a resting process is left alone', { residentMb: 136, busyShare: 0 }, 120, false],
])('%s', (_, look, restingMb, expected) => {
  expect(shouldReturn(look, restingMb)).toBe(expected);
});

test('a process that made much garbage holds little soon after', async () => {
  const script = `
    const { returnMemory } = await import(${JSON.stringify(new URL('return-memory.ts', import.meta.url).href)});
    const { setTimeout: wait } = await import('node:timers/promises');
    const resident = () => Math.round(process.memoryUsage.rss() / 1_048_576);
    const before = resident();
    globalThis.held = Array.from({ length: 2_000_000 }, (_, n) => ({ n }));
    const returning = returnMemory(100);
    const full = resident();
    globalThis.held = undefined;
    for (let tries = 0; tries < 200 && resident() > before + 50; tries++) await wait(50);
    await returning.stop();
    console.log(JSON.stringify({ taken: full - before, left: resident() - before }));`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script]);
  const { taken, left } = JSON.parse(stdout) as { taken: number; left: number };
  expect(taken).toBeGreaterThan(80);
  expect(left).toBeLessThan(taken / 2);
});
