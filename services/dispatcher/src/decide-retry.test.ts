import { failureReasons } from '@leadline/contracts/failure-reason';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isOpen, parseCallWindow } from './call-window.ts';
import { ringWindowMs } from './decide-dial.ts';
import { decideRetry, type EndedCall, type RetryPolicy } from './decide-retry.ts';

const noon = new Date('2026-11-24T12:00:00+05:30');
const minute = 60_000;
const policy: RetryPolicy = {
  delaysMs: {
    rejected: [240 * minute],
    unanswered: [30 * minute, 120 * minute],
    dispatch_failed: [5 * minute],
    startup_failed: [2 * minute],
    stale_timeout: [30 * minute],
    no_answers: [240 * minute],
  },
  jitter: 0.1,
  closingDispositions: ['wrong_number', 'not_interested'],
  maxRetries: 2,
  window: parseCallWindow('mon-sat 09:30-19:00'),
  ringSeconds: 30,
  latestInviteMs: 65_000,
  putBackDelayMs: 30_000,
};
const unanswered: EndedCall = {
  outcome: 'failed',
  reason: 'unanswered',
  sipStatus: null,
  newest: true,
  putBack: undefined,
  putBacksBefore: 0,
  doNotCall: false,
  disposition: null,
  leadHasAnswers: false,
  askedMeanwhile: false,
  otherCallUndecided: false,
  isPromised: false,
  wasPromised: false,
  isTestCall: false,
};
type Lead = Parameters<typeof decideRetry>[0]['lead'];
const decide = (
  call: Partial<EndedCall>,
  lead: Omit<Lead, 'failureReason'> & Partial<Lead> = { status: 'dispatched', retryCount: 0 },
  now = noon,
  random = 0,
) => decideRetry({ call: { ...unanswered, ...call }, lead: { failureReason: null, ...lead } }, now, policy, random);

test('each spent attempt waits its own delay, later ones the last of the list', () => {
  expect(decide({})).toEqual({ kind: 'retry', at: new Date(noon.getTime() + 30 * minute), retryCount: 1 });
  expect(decide({}, { status: 'dispatched', retryCount: 1 })).toEqual({
    kind: 'retry',
    at: new Date(noon.getTime() + 120 * minute),
    retryCount: 2,
  });
});

test('the failure that goes past the maximum ends the lead', () => {
  expect(decide({}, { status: 'dispatched', retryCount: 2 })).toEqual({
    kind: 'give_up',
    because: 'retries_used_up',
    retryCount: 3,
  });
});

test('a wrong number ends the lead at once, whatever else would retry it; answers outweigh it', () => {
  const ends = { kind: 'give_up', because: 'wrong_number', retryCount: 0 };
  expect(decide({ reason: 'no_answers', disposition: 'wrong_number' })).toEqual(ends);
  expect(decide({ reason: 'no_answers', disposition: 'wrong_number', askedMeanwhile: true })).toEqual(ends);
  expect(decide({ reason: 'no_answers', disposition: 'not_interested' })).toMatchObject({ because: 'not_interested' });
  expect(decide({ disposition: 'wrong_number', doNotCall: true })).toMatchObject({ because: 'do_not_call' });
  expect(decide({ disposition: 'wrong_number', leadHasAnswers: true })).toEqual({ kind: 'nothing' });
  for (const disposition of ['interested', 'language_barrier', 'call_later', 'no_conversation'] as const)
    expect(decide({ reason: 'no_answers', disposition })).toMatchObject({ kind: 'retry', retryCount: 1 });
});

test('a buyer who asks again while the last attempt is under way has attempts anew, after the usual delay', () => {
  const last = { status: 'dispatched', retryCount: 2 };
  expect(decide({ askedMeanwhile: true }, last)).toEqual({
    kind: 'retry',
    at: new Date(noon.getTime() + 30 * minute),
    retryCount: 0,
  });
  expect(decide({ askedMeanwhile: true, doNotCall: true }, last)).toMatchObject({ because: 'do_not_call' });
  expect(decide({ askedMeanwhile: true }, { status: 'dispatched', retryCount: 0 })).toMatchObject({ retryCount: 1 });
});

test('a delay that ends at night is pushed into the next morning', () => {
  const evening = new Date('2026-11-24T18:45:00+05:30');
  expect(decide({}, undefined, evening)).toMatchObject({ at: new Date('2026-11-25T09:30:00+05:30') });
});

test('jitter only makes a delay longer, by a tenth at most', () => {
  expect(decide({}, undefined, noon, 1)).toMatchObject({ at: new Date(noon.getTime() + 33 * minute) });
});

test('a put-back spends nothing and comes up at its reason’s end, else in 30 s', () => {
  const until = new Date(noon.getTime() + minute);
  expect(decide({ putBack: { until } })).toEqual({ kind: 'retry', at: until, retryCount: 0 });
  expect(decide({ putBack: { until: null } })).toMatchObject({ at: new Date(noon.getTime() + 30_000), retryCount: 0 });
});

test('the eleventh put-back spends an attempt', () => {
  expect(decide({ putBack: { until: null }, putBacksBefore: 9 })).toMatchObject({ retryCount: 0 });
  expect(decide({ putBack: { until: null }, putBacksBefore: 10, reason: 'dispatch_failed' })).toMatchObject({
    retryCount: 1,
  });
});

test.for([
  ['an older call’s failure', { newest: false }, 'dispatched', 'nothing'],
  ['a lead that is failed already', {}, 'failed', 'nothing'],
  ['a person who asked not to be called', { doNotCall: true }, 'dispatched', 'give_up'],
  ['answers of another call', { leadHasAnswers: true }, 'new', 'answered'],
  ['answers of another call, lead dispatched', { leadHasAnswers: true }, 'dispatched', 'nothing'],
  ['answers while another call is undecided', { leadHasAnswers: true, otherCallUndecided: true }, 'new', 'nothing'],
  ['a called call', { outcome: 'called', leadHasAnswers: true }, 'new', 'answered'],
  ['a called call of a failed lead', { outcome: 'called', leadHasAnswers: true }, 'failed', 'answered'],
  ['late answers to a call before the operator’s once more', { outcome: 'called', newest: false }, 'new', 'nothing'],
] as [string, Partial<EndedCall>, string, string][])('%s: %s', ([_name, call, status, kind]) => {
  expect(decide(call, { status, retryCount: 0 }).kind).toBe(kind);
});

type Step = 'answers' | 'do_not_call' | 'put_back' | (typeof failureReasons.options)[number];
const steps: Step[] = ['answers', 'do_not_call', 'put_back', ...failureReasons.options];

/** Plays the ends of a lead's calls one after the other and checks design §5 at each. */
function play(ends: Step[], maxRetries: number): void {
  const lead = { status: 'new', retryCount: 0, failureReason: null };
  let spent = 0;
  let putBacks = 0;
  let answered = false;
  for (const end of ends) {
    if (lead.status !== 'new') return;
    lead.status = 'dispatched';
    if (end === 'answers') answered = true;
    const decision = decideRetry(
      {
        call: {
          ...unanswered,
          outcome: end === 'answers' ? 'called' : 'failed',
          reason: failureReasons.safeParse(end).data ?? null,
          putBack: end === 'put_back' ? { until: null } : undefined,
          putBacksBefore: putBacks,
          doNotCall: end === 'do_not_call',
          leadHasAnswers: answered,
        },
        lead,
      },
      noon,
      { ...policy, maxRetries },
      0.5,
    );
    if (end === 'put_back') putBacks++;
    else if (end !== 'answers' && end !== 'do_not_call') spent++;
    switch (decision.kind) {
      case 'retry':
        expect(answered).toBe(false);
        expect(decision.at > noon).toBe(true);
        expect(isOpen(policy.window, decision.at, ringWindowMs(policy))).toBe(true);
        expect(decision.retryCount).toBe(spent);
        expect(spent).toBeLessThanOrEqual(maxRetries);
        Object.assign(lead, { status: 'new', retryCount: decision.retryCount });
        break;
      case 'give_up':
        expect(answered).toBe(false);
        expect(end === 'do_not_call' || spent === maxRetries + 1).toBe(true);
        lead.status = 'failed';
        break;
      case 'promised':
        throw new Error('nobody asked to be called back');
      case 'answered':
      case 'nothing':
        expect(answered).toBe(true);
        break;
    }
  }
  if (!answered && lead.status !== 'failed') expect(spent).toBeLessThanOrEqual(maxRetries);
}

describe('whatever ends a lead’s calls have', () => {
  test('every sequence up to length six keeps the rules', () => {
    let played = 0;
    const extend = (ends: Step[]): void => {
      if (ends.length > 0) {
        play(ends, 2);
        played++;
      }
      if (ends.length === 6) return;
      // After a settling end nothing follows; going on there would only repeat the same prefix.
      if (ends.at(-1) === 'answers' || ends.at(-1) === 'do_not_call') return;
      if (ends.filter((end) => end !== 'put_back').length > 2 + 1) return;
      for (const step of steps) extend([...ends, step]);
    };
    extend([]);
    expect(played).toBeGreaterThan(10_000);
  });

  test('longer ones do too', () => {
    fc.assert(fc.property(fc.array(fc.constantFrom(...steps), { maxLength: 40 }), fc.nat(6), play));
  });
});

test('a promise goes before answers and the table, spends nothing, and gives way to a wish', () => {
  const kinds: Partial<EndedCall>[] = [{}, { leadHasAnswers: true }, { outcome: 'called' }, { reason: 'no_answers' }];
  for (const kind of kinds) {
    const call = { ...kind, isPromised: true };
    expect(decide(call, { status: 'dispatched', retryCount: 2 })).toEqual({ kind: 'promised' });
    expect(decide({ ...call, doNotCall: true }).kind).not.toBe('promised');
    expect(decide({ ...call, otherCallUndecided: true })).toEqual({ kind: 'nothing' });
  }
});

test('a dial that was made for a promise spends no retry, and where none was left, none is', () => {
  expect(decide({ wasPromised: true }, { status: 'dispatched', retryCount: 1 })).toMatchObject({ retryCount: 1 });
  expect(decide({ wasPromised: true }, { status: 'dispatched', retryCount: 3 })).toMatchObject({ kind: 'give_up' });
});

test.each([404, 410, 484, 604])('a number that the network does not know (%i) is not rung again', (sipStatus) => {
  const noSuchNumber = { reason: 'dispatch_failed', sipStatus } as const;
  const givenUp = { kind: 'give_up', because: 'no_such_number', retryCount: 0 };
  expect(decide(noSuchNumber)).toEqual(givenUp);
  expect(decide({ ...noSuchNumber, askedMeanwhile: true })).toEqual(givenUp);
  // What the trunk's own words explain otherwise was no attempt, and answers go before all.
  expect(decide({ ...noSuchNumber, putBack: { until: null } })).toMatchObject({ kind: 'retry' });
  expect(decide({ ...noSuchNumber, leadHasAnswers: true })).toMatchObject({ kind: 'nothing' });
  expect(decide({ ...noSuchNumber, newest: false })).toEqual({ kind: 'nothing' });
});

test.each([null, 403, 480, 486, 503])('a dial that failed with %s is tried again', (sipStatus) => {
  expect(decide({ reason: 'dispatch_failed', sipStatus })).toMatchObject({ kind: 'retry' });
});

test('a test call is never repeated, whatever came of it', () => {
  const over = { kind: 'give_up', because: 'test_call_over' };
  for (const reason of failureReasons.options) {
    for (const putBack of [undefined, { until: null }]) {
      for (const call of [
        {},
        { askedMeanwhile: true },
        { wasPromised: true },
        { sipStatus: 404 },
        { disposition: 'call_later' as const },
      ])
        expect(decide({ ...call, isTestCall: true, reason, putBack })).toMatchObject(over);
    }
  }
  expect(decide({ isTestCall: true, leadHasAnswers: true })).toEqual({ kind: 'nothing' });
  expect(decide({ isTestCall: true, doNotCall: true })).toMatchObject({ because: 'do_not_call' });
});

test('a lead that ended for a number unknown to the trunk waits again once the trunk turns out to know none', () => {
  const unknown = { reason: 'dispatch_failed', sipStatus: 404, putBack: { until: null } } as const;
  const ended = { status: 'failed', retryCount: 1, failureReason: 'no_such_number' };
  expect(decide(unknown, ended)).toMatchObject({ kind: 'retry', retryCount: 1 });
  expect(decide({ ...unknown, doNotCall: true }, ended).kind).toBe('give_up');
  expect(decide({ ...unknown, putBack: undefined }, ended)).toEqual({ kind: 'nothing' });
  expect(decide({ ...unknown, newest: false }, ended)).toEqual({ kind: 'nothing' });
  for (const failureReason of ['do_not_call', 'retries_used_up', 'wrong_number', null])
    expect(decide(unknown, { ...ended, failureReason })).toEqual({ kind: 'nothing' });
});
