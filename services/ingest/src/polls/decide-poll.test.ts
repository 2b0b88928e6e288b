import { describe, expect, test } from 'vitest';
import { decideNextPoll, toPollWindow, type PollResult } from './decide-poll.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
const now = new Date('2026-11-23T06:00:00Z');
const ago = (ms: number): Date => new Date(now.getTime() - ms);
const pull = { everyMs: 10 * minute, leastGapMs: 5 * minute, overlapMs: 15 * minute, longestMs: 7 * day };

const read = (readTo: Date, blankSince: Date | null = null) => ({ readTo, blankSince });

describe('a window begins a little before the end of the last one', () => {
  test('and ends now', () => {
    expect(toPollWindow(read(ago(5 * minute)), now, pull)).toEqual({ from: ago(20 * minute), to: now });
  });
  test('and is cut to what the vendor allows after a long absence, until all is read', () => {
    let readTo = ago(20 * day);
    const lengths: number[] = [];
    for (let polls = 0; readTo < now; polls++) {
      const { from, to } = toPollWindow(read(readTo), now, pull);
      expect(from.getTime()).toBeLessThan(readTo.getTime());
      lengths.push(to.getTime() - from.getTime());
      readTo = to;
      expect(polls).toBeLessThan(5);
    }
    expect(lengths).toHaveLength(3);
    expect(Math.max(...lengths)).toBe(7 * day);
  });
  test('and never in the future, though the clock was set back', () => {
    expect(toPollWindow(read(ago(-day)), now, pull)).toEqual({ from: ago(15 * minute), to: now });
  });
  test('and where the vendor first answered without a word, for at most a day', () => {
    expect(toPollWindow(read(ago(5 * minute), ago(60 * minute)), now, pull).from).toEqual(ago(75 * minute));
    expect(toPollWindow(read(ago(0), ago(30 * day)), now, pull)).toEqual({ from: ago(day + 15 * minute), to: now });
  });
});

describe('when it is asked again', () => {
  const afterMs = (result: PollResult, failures = 1): number =>
    (decideNextPoll(result, failures, now, pull).getTime() - now.getTime()) / minute;
  const window = { from: ago(day), to: now };

  test.for<[string, PollResult, number, number]>([
    ['read to now', { kind: 'read', window }, 0, 10],
    ['still behind', { kind: 'read', window: { ...window, to: ago(day) } }, 0, 5],
    ['a first failure', { kind: 'failed', retryAfterMs: undefined }, 1, 5],
    ['a third failure', { kind: 'failed', retryAfterMs: undefined }, 3, 20],
    ['the hundredth failure', { kind: 'failed', retryAfterMs: undefined }, 100, 60],
    ['asked too often', { kind: 'limited', retryAfterMs: undefined }, 2, 10],
    ['told to wait longer', { kind: 'limited', retryAfterMs: 90 * minute }, 1, 90],
    ['told to come sooner than is allowed', { kind: 'failed', retryAfterMs: 1_000 }, 1, 5],
    ['told to wait a month', { kind: 'limited', retryAfterMs: 30 * day }, 1, 24 * 60],
    ['a refused key', { kind: 'refused', retryAfterMs: undefined }, 1, 30],
  ])('%s: %j', ([, result, failures, minutes]) => {
    expect(afterMs(result, failures)).toBe(minutes);
  });
});
