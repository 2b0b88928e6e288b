import { expect, test } from 'vitest';
import { whyNotDialled } from './not-dialled.ts';
import { toEventWords } from './to-event-words.ts';

const clock = (): string => '12:00';
const told = (type: string, data: Record<string, unknown>): string => toEventWords(type, data, clock).words;

test.each([
  ['agent_absent', 'not dialled: no agent came'],
  ['no_bridge', 'not dialled: no SIP bridge'],
  ['trunk_missing', 'not dialled: trunk missing'],
  ['a_reason_of_tomorrow', 'not dialled: a reason of tomorrow'],
])('a dial that was put back as %s is told as %s, and not as one that failed', (notDialled, words) => {
  const data = { reason: 'dispatch_failed', notDialled, durationSeconds: 0, talkSeconds: 0 };
  expect(told('call.dial_failed', data)).toBe(words);
  expect(told('call.failed', data)).toBe(words);
  expect(told('call.ended', data)).toBe(`ended, ${words}`);
});

test('one that rang, or may have, is told as before', () => {
  expect(told('call.dial_failed', { reason: 'rejected', sipStatus: 486 })).toBe('the dial failed: rejected (SIP 486)');
});

test.each([
  [null, null, null],
  [null, new Date(0), 'agent_absent'],
  ['no_bridge', null, 'no_bridge'],
  ['window_shut', new Date(0), 'window_shut'],
])('an attempt put back as %s, revoked at %s, was not dialled because of %s', (putBackReason, revokedAt, because) => {
  expect(whyNotDialled({ putBackReason, revokedAt })).toBe(because);
});
