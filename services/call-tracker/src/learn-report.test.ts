import { expect, test } from 'vitest';
import { noFacts, type Call } from './call-facts.ts';
import { learnReport, onlyWish, saysMoreThanWish, type AgentEvent } from './learn-report.ts';

const at = (second: number): Date => new Date(Date.UTC(2026, 10, 24, 5, 30, second));
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
const known = { call, facts: noFacts };
const ended = (said: number, doNotCall: boolean): AgentEvent => ({
  kind: 'agent_ended',
  at: at(said),
  endedBy: 'callee',
  doNotCall,
  callbackAt: null,
  callbackWords: null,
  unread: [],
  disposition: null,
  language: null,
});
const learn = (before: typeof known, event: AgentEvent, heard: number) =>
  learnReport(before, event, event.at, at(heard));

test('a wish counts from when it is heard; a report that comes twice was said once', () => {
  const first = learn(known, ended(10, true), 30);
  expect(first.call.doNotCall).toBe(true);
  expect(first.facts.doNotCallAt).toEqual(at(30));
  expect(learn(first, ended(10, true), 50).facts.doNotCallAt).toEqual(at(30));
});

test('a wish that is said again counts anew, and a report without one takes nothing back', () => {
  const first = learn(known, ended(10, true), 30);
  expect(learn(first, ended(40, true), 45).facts.doNotCallAt).toEqual(at(45));
  expect(learn(first, ended(40, false), 45).call.doNotCall).toBe(true);
});

test('a wish beside answers is heard too, and a mode that nobody knows leaves the call its own', () => {
  const event: AgentEvent = {
    kind: 'agent_qualified',
    at: at(5),
    mode: null,
    answers: { budget: '8 lakh' },
    doNotCall: true,
    unread: ['mode'],
    disposition: null,
    language: null,
  };
  const { call: next, facts } = learn(known, event, 6);
  expect(next).toMatchObject({ doNotCall: true, mode: 'sarvam', answers: { budget: '8 lakh' } });
  expect(facts.unreadFields).toEqual({ mode: [at(5).toISOString()] });
  expect(learn({ call: next, facts }, event, 7).facts.unreadFields).toEqual(facts.unreadFields);
});

test('words for a time and a time stand for each other: what was said last counts', () => {
  const inWords: AgentEvent = { ...(ended(10, false) as AgentEvent & { kind: 'agent_ended' }), callbackWords: 'kal' };
  const first = learn(known, inWords, 11);
  expect(first.facts).toMatchObject({ callbackAt: null, callbackWords: 'kal' });
  const exact: AgentEvent = { ...(ended(20, false) as AgentEvent & { kind: 'agent_ended' }), callbackAt: at(59) };
  expect(learn(first, exact, 21).facts).toMatchObject({ callbackAt: at(59), callbackWords: null });
  expect(learn(first, ended(30, false), 31).facts.callbackWords).toBe('kal');
});

test('of an erased person only the wish is left', () => {
  const said: AgentEvent = {
    kind: 'agent_qualified',
    at: at(5),
    mode: 'sarvam',
    answers: { budget: '8 lakh' },
    doNotCall: true,
    unread: [],
    disposition: null,
    language: null,
  };
  expect(saysMoreThanWish(said)).toBe(true);
  const left = learn(known, onlyWish(said), 6).call;
  expect(left).toMatchObject({ answers: {}, doNotCall: true });
  expect(saysMoreThanWish(ended(5, true))).toBe(false);
});
