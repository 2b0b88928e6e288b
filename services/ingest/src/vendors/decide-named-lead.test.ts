import { expect, test } from 'vitest';
import { decideNamedLead, type NamedLeadAnswer } from './decide-named-lead.ts';

const lead = {
  sourceLeadId: '1',
  read: { ok: false as const, faults: [] },
  phoneRaw: null,
  phoneAlternates: [],
  dndFlag: null,
  isTest: false,
  enquiryType: null,
};
const answer = (more: Partial<NonNullable<NamedLeadAnswer>> = {}): NamedLeadAnswer => ({
  status: 200,
  code: null,
  retryAfterMs: null,
  lead: null,
  ...more,
});
const day = 86_400_000;

test.for([
  ['a lead', answer({ lead }), 1, 0, { kind: 'take', lead }],
  ['no answer', null, 1, 0, { kind: 'later', delayMs: 2_000, error: 'no answer' }],
  ['an answer without a lead', answer(), 2, 0, { kind: 'later', delayMs: 4_000, error: 'the answer holds no lead' }],
  ['an HTML page', answer({ status: 502 }), 40, 0, { kind: 'later', delayMs: 3_600_000, error: 'answered 502' }],
  [
    'a limit',
    answer({ status: 400, code: 80_005 }),
    1,
    0,
    { kind: 'later', delayMs: 300_000, error: 'asked too often (80005)' },
  ],
  [
    'a limit with its end',
    answer({ status: 429, retryAfterMs: 60_000 }),
    1,
    0,
    { kind: 'later', delayMs: 60_000, error: 'answered 429' },
  ],
  [
    'a token that is wrong',
    answer({ status: 400, code: 190 }),
    3,
    day,
    { kind: 'later', delayMs: 8_000, error: expect.stringContaining('token') },
  ],
  [
    'a token that is wrong for a week',
    answer({ status: 400, code: 190 }),
    3,
    8 * day,
    { kind: 'give_up', error: expect.any(String) },
  ],
  [
    'a lead that is not there, or not yet, or not for this token',
    answer({ status: 400, code: 100 }),
    1,
    0,
    { kind: 'later', delayMs: 2_000, error: expect.stringContaining('may not read it (100)') },
  ],
] as [string, NamedLeadAnswer, number, number, unknown][])('%s', ([_what, given, attempts, ageMs, expected]) => {
  expect(decideNamedLead(given, attempts, ageMs)).toEqual(expected);
});

test.for([1, 2, 3, 4, 10, 12, 17, 32, 100, 102, 190, 200, 299, 341, 368, 613, 803, 2_635, 80_005, 999_999, null])(
  'code %s is asked again and again for a week, and is no end before',
  (code) => {
    let ageMs = 0;
    let asked = 0;
    for (let attempts = 1; ageMs <= 7 * day; attempts++) {
      const decision = decideNamedLead(answer({ status: 400, code }), attempts, ageMs);
      if (decision.kind !== 'later') throw new Error('ended early');
      expect(decision.delayMs).toBeLessThanOrEqual(3_600_000);
      ageMs += decision.delayMs;
      asked++;
    }
    expect(asked).toBeGreaterThan(24 * 7);
    expect(decideNamedLead(answer({ status: 400, code }), asked, ageMs).kind).toBe('give_up');
  },
);
