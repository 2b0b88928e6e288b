import type { AnsweredByCategory } from '@leadline/contracts/answered-by';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { noFacts, type Call, type Facts, type Known, type Policy } from './call-facts.ts';
import { stepCall, type CallEvent, type Effect } from './call-state.ts';

const policy: Policy = {
  ringMs: 30_000,
  maxCallMs: 600_000,
  minTalkMs: 5_000,
  reportGraceMs: 90_000,
  providerRingMs: 240_000,
  latestInviteMs: 65_000,
  agentWaitMs: 10_000,
  maxTakeovers: 2,
};
const at = (seconds: number): Date => new Date(Date.parse('2026-11-24T05:30:00Z') + seconds * 1_000);
const calling: Call = {
  status: 'calling',
  failureReason: null,
  answers: {},
  mode: null,
  startedAt: at(0),
  answeredAt: null,
  endedAt: null,
  durationSeconds: null,
  sipStatus: null,
  doNotCall: false,
};

/** What is heard, each at the time when it is handled; then the call falls due, again and again. */
function live(heard: readonly (readonly [handledAt: number, event: CallEvent])[]): {
  call: Call;
  facts: Facts;
  effects: Effect[];
} {
  const life: { call: Call; facts: Facts; effects: Effect[] } = { call: calling, facts: noFacts, effects: [] };
  const step = (event: CallEvent, now: Date): void => {
    const dial = { sentAt: at(2), revokedAt: null, putBackReason: null };
    const known: Known = { call: life.call, facts: life.facts, dial };
    const next = stepCall(known, event, now, policy);
    life.call = next.call;
    life.facts = next.facts;
    life.effects.push(...next.effects);
  };
  for (const [handledAt, event] of heard) step(event, at(handledAt));
  return life;
}

const answered: CallEvent = { kind: 'answered', at: at(6) };
const joined: CallEvent = { kind: 'leg_joined', at: at(3), everAnswered: false };
const left = (when: number): CallEvent => ({
  kind: 'leg_left',
  at: at(when),
  reason: 'CLIENT_INITIATED',
  callStatus: 'hangup',
  everAnswered: true,
});
const by = (category: AnsweredByCategory, when = 9, messageLeft = false): CallEvent => ({
  kind: 'agent_answered_by',
  at: at(when),
  category,
  afterMs: 3_000,
  detail: 'the greeting',
  messageLeft,
  unread: [],
});
const said = (answers: Record<string, string>, when = 10): CallEvent => ({
  kind: 'agent_qualified',
  at: at(when),
  mode: 'sarvam',
  answers,
  doNotCall: false,
  disposition: null,
  language: null,
  unread: [],
});
const ended = (
  when: number,
  outcome: { disposition?: 'wrong_number' | 'not_interested' | 'language_barrier'; language?: string } = {},
): CallEvent => ({
  kind: 'agent_ended',
  at: at(when),
  endedBy: 'callee',
  doNotCall: false,
  callbackAt: null,
  callbackWords: null,
  disposition: outcome.disposition ?? null,
  language: outcome.language ?? null,
  unread: [],
});
const due: CallEvent = { kind: 'due' };

test.for<[AnsweredByCategory, string]>([
  ['voicemail', 'unanswered'],
  ['ivr', 'unanswered'],
  ['screener', 'unanswered'],
  ['announcement', 'unanswered'],
  ['human', 'no_answers'],
  ['uncertain', 'no_answers'],
])('a talk without answers that %s took is %s', ([category, reason]) => {
  const life = live([
    [3, joined],
    [6, answered],
    [9, by(category)],
    [30, left(30)],
    [31, ended(31)],
    [40, due],
  ]);
  expect(life.call).toMatchObject({ status: 'failed', failureReason: reason, durationSeconds: 30 });
  // Its minutes count like any other's.
  expect(life.effects).toContainEqual(
    expect.objectContaining({
      kind: 'ended',
      summary: expect.objectContaining({ answeredBy: category, talkSeconds: 24 }) as unknown,
    }),
  );
});

test('a machine that hangs up at once is a miss, and no person who declined', () => {
  const early = [
    [3, joined],
    [6, answered],
    [7, by('announcement', 7)],
    [8, left(8)],
    [9, ended(9)],
    [20, due],
  ] as const;
  expect(live(early).call.failureReason).toBe('unanswered');
  expect(live(early.filter(([, event]) => event.kind !== 'agent_answered_by')).call.failureReason).toBe('rejected');
});

test('a verdict of a machine beside a useful answer is ignored, whichever came first', () => {
  for (const order of [
    [by('voicemail', 20), said({ budget: '8 lakh' }, 10)],
    [said({ budget: '8 lakh' }, 10), by('voicemail', 20)],
  ]) {
    const life = live([
      [3, joined],
      [6, answered],
      ...order.map((event) => [21, event] as const),
      [30, left(30)],
      [31, ended(31)],
    ]);
    expect(life.call).toMatchObject({ status: 'called', failureReason: null });
    expect(life.effects).toContainEqual(
      expect.objectContaining({ kind: 'ended', summary: expect.objectContaining({ answeredBy: null }) as unknown }),
    );
  }
});

test('the later verdict counts: a screener that puts a person through was a person', () => {
  const talk = [
    [3, joined],
    [6, answered],
  ] as const;
  const end = [
    [40, left(40)],
    [41, ended(41)],
    [50, due],
  ] as const;
  expect(live([...talk, [9, by('screener', 9)], [20, by('human', 20)], ...end]).call.failureReason).toBe('no_answers');
  expect(live([...talk, [20, by('human', 20)], [21, by('screener', 9)], ...end]).call.failureReason).toBe('no_answers');
  expect(live([...talk, [8, by('human', 8)], [20, by('voicemail', 20)], ...end]).call.failureReason).toBe('unanswered');
});

test('a message that was left stays left, whatever is said later', () => {
  const life = live([
    [3, joined],
    [6, answered],
    [9, by('voicemail', 9, true)],
    [12, by('voicemail', 12)],
    [13, by('human', 13)],
  ]);
  expect(life.facts).toMatchObject({ messageLeft: true, answerer: { category: 'human' } });
});

test('a verdict that comes after the end sets its reason right, and nothing is told twice', () => {
  const talk = [
    [3, joined],
    [6, answered],
    [30, left(30)],
    [31, ended(31)],
    [40, due],
  ] as const;
  expect(live(talk).call.failureReason).toBe('no_answers');
  const late = live([...talk, [500, by('voicemail')], [501, by('voicemail')]]);
  expect(late.call).toMatchObject({ status: 'failed', failureReason: 'unanswered' });
  expect(late.effects.filter(({ kind }) => kind === 'failed' || kind === 'ended')).toHaveLength(2);
  expect(live([...talk, [500, by('voicemail')], [600, by('human', 50)]]).call.failureReason).toBe('no_answers');
  // And answers that come later still outweigh it.
  expect(live([...talk, [500, by('voicemail')], [600, said({ budget: '8' })]]).call.status).toBe('called');
});

test('what nobody saw end, and what the network refused, is no matter of who answered', () => {
  expect(
    live([
      [3, joined],
      [6, answered],
      [9, by('voicemail')],
      [900, due],
    ]).call.failureReason,
  ).toBe('stale_timeout');
  const refused: CallEvent = {
    kind: 'dial_failed',
    at: at(8),
    reason: 'rejected',
    sipStatus: 603,
    rang: 'yes',
    numberFree: true,
  };
  expect(
    live([
      [3, joined],
      [5, by('announcement', 5)],
      [8, refused],
    ]).call.failureReason,
  ).toBe('rejected');
});

test('a disposition goes with the end, and answers that say nothing are none', () => {
  const talk = [
    [3, joined],
    [6, answered],
    [10, said({})],
    [30, left(30)],
  ] as const;
  const life = live([...talk, [31, ended(31, { disposition: 'not_interested' })], [40, due]]);
  expect(life.call).toMatchObject({ status: 'failed', failureReason: 'no_answers' });
  expect(life.effects).toContainEqual(
    expect.objectContaining({
      kind: 'failed',
      summary: expect.objectContaining({ disposition: 'not_interested' }) as unknown,
    }),
  );
  const twice = live([...talk, [31, ended(31, { disposition: 'wrong_number' })], [32, ended(30)], [40, due]]);
  expect(twice.facts).toMatchObject({ disposition: { value: 'wrong_number', at: at(31) }, language: null });
});

test('out of order, twice and late: the same reports end in the same call', () => {
  const verdicts = fc.array(
    fc.record({
      category: fc.constantFrom<AnsweredByCategory>('human', 'voicemail', 'screener', 'announcement', 'uncertain'),
      when: fc.integer({ min: 7, max: 29 }),
      messageLeft: fc.boolean(),
    }),
    { minLength: 1, maxLength: 4 },
  );
  const outcomes = fc.array(
    fc.record(
      {
        disposition: fc.constantFrom('wrong_number' as const, 'not_interested' as const, 'language_barrier' as const),
        language: fc.constantFrom('Tamil', 'Odia'),
        when: fc.integer({ min: 30, max: 35 }),
      },
      { requiredKeys: ['when'] },
    ),
    { maxLength: 3 },
  );
  fc.assert(
    fc.property(verdicts, outcomes, fc.boolean(), fc.infiniteStream(fc.nat()), (heard, told, useful, random) => {
      const reports: CallEvent[] = [
        ...heard.map(({ category, when, messageLeft }) => by(category, when, messageLeft)),
        ...told.map(({ when, ...outcome }) => ended(when, outcome)),
        ...(useful ? [said({ budget: '8 lakh' })] : []),
      ];
      const talk = [
        [3, joined],
        [6, answered],
        [40, left(40)],
      ] as const;
      const shuffle = (events: CallEvent[]): CallEvent[] =>
        events
          .map((event) => ({ event, key: random.next().value as number }))
          .toSorted((a, b) => a.key - b.key)
          .map(({ event }) => event);
      const inOrder = live([...talk, ...reports.map((event) => [41, event] as const), [200, due]]);
      const shuffled = live([
        ...talk,
        ...shuffle([...reports, ...reports]).map((event) => [41, event] as const),
        [200, due],
      ]);
      // Half of them only after the call was settled.
      const order = shuffle(reports);
      const late = live([
        ...talk,
        ...order.slice(0, order.length / 2).map((event) => [41, event] as const),
        [200, due],
        ...order.slice(order.length / 2).map((event) => [300, event] as const),
      ]);
      for (const other of [shuffled, late]) {
        expect([other.call.status, other.call.failureReason]).toEqual([
          inOrder.call.status,
          inOrder.call.failureReason,
        ]);
        expect([other.facts.answerer, other.facts.messageLeft, other.facts.disposition, other.facts.language]).toEqual([
          inOrder.facts.answerer,
          inOrder.facts.messageLeft,
          inOrder.facts.disposition,
          inOrder.facts.language,
        ]);
      }
    }),
  );
});
