import { expect, test } from 'vitest';
import { whenRoutes } from './answer-when.ts';

const key = 'agent-key-for-tests';
// A question that names its own moment needs no clock.
const app = whenRoutes(key, {
  postgres: {} as Parameters<typeof whenRoutes>[1]['postgres'],
  now: (at) => at,
});
const now = '2026-11-30T10:30:00+05:30';

async function ask(body: unknown, authorization = `Bearer ${key}`): Promise<{ status: number; answer: unknown }> {
  const response = await app.request('/v1/when', {
    method: 'POST',
    headers: { authorization },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, answer: await response.json() };
}

test.for<[Record<string, unknown>, unknown]>([
  [{ words: 'kal shaam saadhe paanch baje' }, { kind: 'time', at: '2026-12-01T12:00:00.000Z', precision: 'exact' }],
  [{ words: 'शाम को' }, { kind: 'time', at: '2026-11-30T12:30:00.000Z', precision: 'part_of_day' }],
  [
    { words: 'kal ya parso' },
    {
      kind: 'readings',
      readings: [
        { at: '2026-12-01T04:30:00.000Z', precision: 'part_of_day' },
        { at: '2026-12-02T04:30:00.000Z', precision: 'part_of_day' },
      ],
    },
  ],
  [{ words: 'theek hai' }, { kind: 'none' }],
  [{ words: '' }, { kind: 'none' }],
  [
    { words: 'at 6 pm', zone: 'Asia/Dubai' },
    { kind: 'time', at: '2026-11-30T14:00:00.000Z', precision: 'exact' },
  ],
])('%j is answered', async ([body, answer]) => {
  expect(await ask({ now, ...body })).toEqual({ status: 200, answer });
});

test.for<[unknown, string]>([
  ['no JSON', ''],
  [[], ''],
  [{ now }, '/words'],
  [{ now, words: 7 }, '/words'],
  [{ now, words: 'x'.repeat(1_001) }, '/words'],
  [{ now: 'some day', words: 'kal' }, '/now'],
  [{ now: '1802-01-01T00:00:00Z', words: 'kal' }, '/now'],
  [{ now, words: 'kal', zone: 'India' }, '/zone'],
])('%j is refused, and the field named', async ([body, pointer]) => {
  expect(await ask(body)).toMatchObject({ status: 422, answer: { errors: [{ pointer }] } });
});

test('nobody asks without the agents’ key, or at great length', async () => {
  expect((await app.request('/v1/when', { method: 'POST', body: '{}' })).status).toBe(401);
  expect((await ask({ words: 'x'.repeat(20_000) })).status).toBe(413);
});
