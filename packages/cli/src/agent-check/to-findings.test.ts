import { describe, expect, test } from 'vitest';
import type { CheckFacts, TalkFacts } from './facts.ts';
import { toFindings } from './to-findings.ts';

const end = { count: 1, afterMs: 700, endedBy: 'callee', doNotCall: false } as const;
const talk: TalkFacts = {
  early: [],
  spokeEarly: false,
  spoke: true,
  learntMs: 900,
  endedInLoss: false,
  leftInLoss: false,
  learntAgainMs: 1_000,
  end,
  leavesMs: 600,
  unreadable: 0,
};
const refusal = { wishMs: 400, hungUpMs: 2_000, end: { ...end, endedBy: 'agent', doNotCall: true } } as const;
const faultless: CheckFacts = {
  agentName: 'leadline-agent',
  waitSeconds: 10,
  uninvited: [],
  comesMs: 800,
  strangers: [],
  readyHeard: true,
  talk,
  refusal,
  callback: { askedMs: 500, isReadable: true },
  unanswered: { reports: [], leavesMs: 500 },
};

function wrongOf(facts: CheckFacts): string[] {
  return toFindings(facts).flatMap(({ about, verdict }) => (verdict === 'good' ? [] : [`${verdict} ${about}`]));
}

test('an agent without a fault has no finding to repair, in the order of a call', () => {
  expect(wrongOf(faultless)).toEqual([]);
  expect(toFindings(faultless).map(({ about }) => about)).toEqual([
    'named',
    'in time',
    'nobody answers',
    'waits for the answer',
    'reports early',
    'survives a lost line',
    'reports the end, once',
    'leaves',
    'honours do-not-call',
    'hangs up',
    'asks for a callback',
  ]);
});

describe('each fault is found, and no other with it', () => {
  test.each<[string, Partial<CheckFacts>, string]>([
    ['a worker without a name', { uninvited: [''] }, 'bad named'],
    ['a worker of another name', { strangers: ['other'] }, 'bad named'],
    ['no agent.ready', { readyHeard: false }, 'note in time'],
    [
      'a report on a call that nobody answered',
      { unanswered: { reports: ['agent.ended'], leavesMs: 500 } },
      'bad nobody answers',
    ],
    ['a job that outlives its phone', { unanswered: { reports: [], leavesMs: undefined } }, 'bad nobody answers'],
    ['speech while it rings', { talk: { ...talk, spokeEarly: true } }, 'bad waits for the answer'],
    ['a report while it rings', { talk: { ...talk, early: ['agent.qualified'] } }, 'bad waits for the answer'],
    ['answers only at the end', { talk: { ...talk, learntMs: undefined } }, 'bad reports early'],
    [
      'a last word in a lost line',
      { talk: { ...talk, endedInLoss: true, learntAgainMs: undefined } },
      'bad survives a lost line',
    ],
    [
      'leaving in a lost line',
      { talk: { ...talk, leftInLoss: true, learntAgainMs: undefined } },
      'bad survives a lost line',
    ],
    ['deafness after a lost line', { talk: { ...talk, learntAgainMs: undefined } }, 'bad survives a lost line'],
    ['no last word', { talk: { ...talk, end: { ...end, count: 0, afterMs: undefined } } }, 'bad reports the end, once'],
    ['two last words', { talk: { ...talk, end: { ...end, count: 2 } } }, 'bad reports the end, once'],
    ['a wrong last word', { talk: { ...talk, end: { ...end, endedBy: 'agent' } } }, 'bad reports the end, once'],
    ['reports that nobody can read', { talk: { ...talk, unreadable: 2 } }, 'bad reports the end, once'],
    ['an agent that stays', { talk: { ...talk, leavesMs: undefined } }, 'bad leaves'],
    ['a wish that is not told', { refusal: { ...refusal, wishMs: undefined } }, 'bad honours do-not-call'],
    ['an open line', { refusal: { ...refusal, hungUpMs: undefined } }, 'bad hangs up'],
    ['a hang-up told as the person’s', { refusal: { ...refusal, end } }, 'bad hangs up'],
    ['no callback', { callback: { askedMs: undefined, isReadable: false } }, 'note asks for a callback'],
    ['a callback without a time', { callback: { askedMs: 100, isReadable: false } }, 'note asks for a callback'],
  ])('%s', (_, fault, found) => {
    expect(wrongOf({ ...faultless, ...fault })).toEqual([found]);
  });
});

test('of an agent that does not come nothing more is said', () => {
  const absent = {
    comesMs: undefined,
    talk: undefined,
    refusal: undefined,
    callback: undefined,
    unanswered: undefined,
  };
  expect(wrongOf({ ...faultless, ...absent })).toEqual(['bad named', 'bad in time']);
});
