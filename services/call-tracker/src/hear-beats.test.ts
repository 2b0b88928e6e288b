import { expect, test } from 'vitest';
import { openBeats } from './hear-beats.ts';

function live() {
  let nowMs = 0;
  const beats = openBeats(() => nowMs);
  /** Half a second at a time, as the service looks. */
  const pass = (ms: number, isHearing = true): string[] => {
    const silent: string[] = [];
    for (const until = nowMs + ms; nowMs < until;) {
      nowMs += 500;
      silent.push(...beats.takeSilent(isHearing));
    }
    return silent;
  };
  return { beats, pass, sleep: (ms: number) => void (nowMs += ms) };
}

test('an agent that beats every five seconds is never silent, and one that stops is, after six', () => {
  const { beats, pass } = live();
  for (let beat = 0; beat < 10; beat++) {
    beats.heard('a');
    expect(pass(5_000)).toEqual([]);
  }
  beats.heard('a');
  expect(pass(5_500)).toEqual([]);
  expect(pass(500)).toEqual(['a']);
  expect(beats.agoMs('a')).toBe(6_000);
});

test('it is told again until somebody has seen to it, and forgotten after half a minute', () => {
  const { beats, pass } = live();
  beats.heard('a');
  expect(pass(60_000).length).toBe(9);
  expect(beats.agoMs('a')).toBeNull();
  beats.heard('b');
  beats.forget('b');
  expect(pass(60_000)).toEqual([]);
});

test('silence says nothing while NATS is away, nor after this process slept', () => {
  const { beats, pass, sleep } = live();
  beats.heard('a');
  expect(pass(20_000, false)).toEqual([]);
  expect(pass(5_500)).toEqual([]);
  sleep(10_000);
  expect(pass(5_500)).toEqual([]);
  expect(pass(1_000)).toEqual(['a']);
});

test('an agent that never sends any is left alone', () => {
  const { beats, pass } = live();
  expect(pass(60_000)).toEqual([]);
  expect(beats.agoMs('a')).toBeNull();
});
