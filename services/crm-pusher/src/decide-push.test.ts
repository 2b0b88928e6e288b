import { expect, test } from 'vitest';
import { decideAnswer, decideConflict, decidePush, saysNothingFound, type PushState } from './decide-push.ts';

const now = new Date('2026-11-24T06:00:00Z');
const ago = (seconds: number): Date => new Date(now.getTime() - seconds * 1_000);
const policy = { lookAgainMs: 120_000, lookGapMs: 30_000 };
const fresh: PushState = { callStatus: 'called', sentAt: null, emptyLooks: 0, lastLookedAt: null, nextTryAt: null };

test.for([
  ['never sent', {}, 'create'],
  ['pushed', { callStatus: 'pushed' }, 'nothing'],
  ['failed', { callStatus: 'failed' }, 'nothing'],
  ['asked to wait', { nextTryAt: ago(-5) }, 'wait'],
  ['waited long enough', { nextTryAt: ago(5) }, 'create'],
  ['sent a moment ago, answer unclear', { sentAt: ago(10) }, 'wait'],
  ['sent two minutes ago', { sentAt: ago(121) }, 'look'],
  ['looked once a moment ago', { sentAt: ago(130), emptyLooks: 1, lastLookedAt: ago(9) }, 'wait'],
  ['looked once, half a minute ago', { sentAt: ago(160), emptyLooks: 1, lastLookedAt: ago(31) }, 'look'],
  ['looked twice and found nothing', { sentAt: ago(200), emptyLooks: 2, lastLookedAt: ago(1) }, 'create'],
] as [string, Partial<PushState>, string][])('%s: %s', ([_name, state, kind]) => {
  expect(decidePush({ ...fresh, ...state }, now, policy).kind).toBe(kind);
});

test.for([
  [200, { success: true }, 'ok'],
  [201, { taskId: 'x' }, 'ok'],
  [200, { success: false }, 'unclear'],
  [200, undefined, 'unclear'],
  [302, undefined, 'unclear'],
  [400, undefined, 'refused'],
  [401, undefined, 'later'],
  [403, undefined, 'later'],
  [402, undefined, 'later'],
  [404, undefined, 'refused'],
  [405, undefined, 'later'],
  [409, undefined, 'conflict'],
  [409, { success: false, message: 'Customer already exists. Existing ID: 1' }, 'conflict'],
  [400, { success: false, message: 'Mobile already registered' }, 'conflict'],
  [422, { error: 'E11000 duplicate key' }, 'conflict'],
  [422, { success: false, message: 'Validation failed' }, 'refused'],
  [200, null, 'unclear'],
  [200, 'error', 'unclear'],
  [204, undefined, 'unclear'],
  [408, undefined, 'unclear'],
  [422, undefined, 'refused'],
  [425, undefined, 'unclear'],
  [429, undefined, 'later'],
  [500, undefined, 'unclear'],
  [503, undefined, 'unclear'],
] as [number, unknown, string][])('HTTP %i %j is %s', ([status, body, kind]) => {
  expect(decideAnswer({ status, body, retryAfterMs: undefined }).kind).toBe(kind);
});

test('Retry-After is kept to', () => {
  expect(decideAnswer({ status: 429, body: undefined, retryAfterMs: 7_000 })).toMatchObject({ afterMs: 7_000 });
});

test.for([
  [404, { message: 'No customers found' }, true],
  [404, { success: false, message: 'Customer not found' }, true],
  [404, { error: 'No such customer' }, true],
  [404, { message: 'Cannot GET /v2/customers' }, false],
  [404, { statusCode: 404, message: 'Not Found' }, false],
  [404, undefined, false],
  [400, { message: 'Customer not found' }, false],
] as [number, unknown, boolean][])('HTTP %i %j to a search finds nobody: %s', ([status, body, expected]) => {
  expect(saysNothingFound({ status, body }, 'customer')).toBe(expected);
});

test('a conflict is looked into ever later, some times, and then it is a refusal', () => {
  const waits = [1, 2, 3, 4, 5, 6, 7].map((conflicts) => decideConflict('customer', conflicts, policy));
  expect(waits.map((wait) => (wait.kind === 'look' ? wait.afterMs / 1_000 : wait.kind))).toEqual([
    5,
    10,
    20,
    40,
    60,
    60,
    'give_up',
  ]);
  const looks = [1, 3, 4].map((conflicts) => decideConflict('task', conflicts, policy).kind);
  expect(looks).toEqual(['look', 'look', 'give_up']);
});
