import fc from 'fast-check';
import { expect, test } from 'vitest';
import { noFacts, type Call } from './call-facts.ts';
import { learnCallback } from './learn-callback.ts';
import { learnReport, onlyWish, saysMoreThanWish, type AgentEvent, type Learnt } from './learn-report.ts';

/** 18:00 in India on a Tuesday, and seconds after it. */
const at = (second: number): Date => new Date(Date.UTC(2026, 10, 24, 12, 30, second));
const sixTomorrow = new Date('2026-11-25T12:30:00Z');
const call: Call = {
  status: 'calling',
  failureReason: null,
  answers: {},
  mode: 'sarvam',
  startedAt: at(0),
  answeredAt: null,
  endedAt: null,
  durationSeconds: null,
  sipStatus: null,
  doNotCall: false,
};
const known: Learnt = { call, facts: noFacts };
const usual = { precision: 'exact', confirmed: true, askedBy: 'buyer', keptBy: 'agent' } as const;

const asks = (
  second: number,
  callback: { at?: Date | null; words?: string | null; keptBy?: 'agent' | 'person' },
): AgentEvent => ({
  kind: 'agent_callback',
  at: at(second),
  callback: { ...usual, at: null, words: null, ...callback },
  doNotCall: false,
  unread: [],
});
const ends = (second: number, callbackAt: Date | null, callbackWords: string | null = null): AgentEvent => ({
  kind: 'agent_ended',
  at: at(second),
  endedBy: 'callee',
  doNotCall: false,
  callbackAt,
  callbackWords,
  unread: [],
  disposition: null,
  language: null,
});
const learn = (before: Learnt, event: AgentEvent, heard = 50): Learnt =>
  learnReport(before, event, event.at, at(heard));

test('a request is kept with the time it was said, and dates the call', () => {
  const { facts } = learn(known, asks(5, { at: sixTomorrow, words: 'kal chhe baje' }));
  expect(facts.callback).toEqual({ ...usual, at: sixTomorrow, words: 'kal chhe baje', saidAt: at(5) });
  expect(facts.callbackHeardAt).toEqual(at(50));
  expect(facts.callbackAt).toEqual(sixTomorrow);
});

test('words without an instant are read as they were meant when they were said', () => {
  const { facts } = learn(known, asks(5, { words: 'kal shaam chhe baje' }));
  expect(facts.callback).toMatchObject({ at: sixTomorrow, precision: 'exact', words: 'kal shaam chhe baje' });
  const unclear = learn(known, asks(5, { words: 'kal ya parso' }));
  expect(unclear.facts).toMatchObject({ callback: { at: null }, callbackAt: null, callbackWords: 'kal ya parso' });
});

test('the latest of a call counts, in whatever order requests come, and one that comes twice changes nothing', () => {
  const requests = [1, 2, 3, 4].map((n) => asks(n, { at: new Date(sixTomorrow.getTime() + n * 60_000) }));
  fc.assert(
    fc.property(fc.shuffledSubarray([...requests, ...requests], { minLength: 8 }), (order) => {
      const end = order.reduce((before, event) => learn(before, event), known);
      expect(end.facts.callback).toMatchObject({ at: new Date(sixTomorrow.getTime() + 240_000), saidAt: at(4) });
    }),
  );
  const once = learn(known, asks(4, { at: sixTomorrow }), 10);
  expect(learn(once, asks(4, { at: sixTomorrow }), 20).facts.callbackHeardAt).toEqual(at(10));
});

test('callbackAt of a last word means the same, and does not undo what a request told', () => {
  expect(learn(known, ends(9, sixTomorrow)).facts.callback).toMatchObject({ at: sixTomorrow, keptBy: 'agent' });
  expect(learn(known, ends(9, null, 'kal chhe baje')).facts.callback).toMatchObject({ at: sixTomorrow });
  const asked = learn(known, asks(5, { at: sixTomorrow, words: 'kal chhe', keptBy: 'person' }));
  expect(learn(asked, ends(9, sixTomorrow)).facts.callback).toMatchObject(asked.facts.callback ?? {});
  expect(learn(asked, ends(9, null, 'some day')).facts.callback).toMatchObject(asked.facts.callback ?? {});
  const later = new Date(sixTomorrow.getTime() + 3_600_000);
  expect(learn(asked, ends(9, later)).facts.callback).toMatchObject({ at: later, keptBy: 'person', saidAt: at(9) });
  expect(learn(asked, ends(9, null)).facts.callback).toEqual(asked.facts.callback);
});

test('what a person keeps is an answer, so that a task tells the sales team; what the agent keeps is none', () => {
  expect(learn(known, asks(5, { words: 'kal chhe baje', keptBy: 'person' })).call.answers).toEqual({
    callback: 'kal chhe baje',
  });
  expect(learn(known, asks(5, { at: sixTomorrow })).call.answers).toEqual({});
});

test('of an erased person’s request only a wish is taken', () => {
  const event = asks(5, { at: sixTomorrow });
  expect(saysMoreThanWish(event)).toBe(true);
  expect(learn(known, onlyWish(event)).facts.callback).toBeNull();
  expect(learn(known, onlyWish({ ...event, doNotCall: true } as AgentEvent)).call.doNotCall).toBe(true);
});

test('an older request changes nothing', () => {
  const latest = learnCallback(null, { ...usual, at: sixTomorrow, words: null }, at(9));
  expect(learnCallback(latest, { ...usual, at: at(0), words: null }, at(8))).toBe(latest);
});

test('requests and last words come to the same in whatever order they arrive, and however often', () => {
  const times = [null, sixTomorrow, new Date(sixTomorrow.getTime() + 3_600_000)];
  const words = fc.constantFrom(null, 'kal shaam chhe baje', 'kal shaam saat baje', 'some day');
  const time = fc.constantFrom(...times);
  const report = fc.oneof(
    fc
      .record({ at: time, words, keptBy: fc.constantFrom<'agent' | 'person'>('agent', 'person') })
      .map((told) => ({ asks: told })),
    fc.record({ at: time, words }).map((told) => ({ ends: told })),
  );
  fc.assert(
    fc.property(fc.array(report, { minLength: 1, maxLength: 5 }), fc.infiniteStream(fc.nat()), (said, random) => {
      const events = said.map((one, second) =>
        'asks' in one ? asks(second, one.asks) : ends(second, one.ends.at, one.ends.words),
      );
      const shuffled = [...events, ...events]
        .map((event) => ({ event, key: random.next().value as number }))
        .toSorted((a, b) => a.key - b.key)
        .map(({ event }) => event);
      const [inOrder, other] = [events, shuffled].map((order) =>
        order.reduce((before, event) => learn(before, event), known),
      );
      expect(other?.facts.callback).toEqual(inOrder?.facts.callback);
      expect([other?.facts.callbackAt, other?.facts.callbackWords]).toEqual([
        inOrder?.facts.callbackAt,
        inOrder?.facts.callbackWords,
      ]);
      expect(other?.call.answers).toEqual(inOrder?.call.answers);
    }),
  );
});
