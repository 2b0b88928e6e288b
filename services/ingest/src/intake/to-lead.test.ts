import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toLead } from './to-lead.ts';

const body = (more: Record<string, unknown> = {}) => ({ name: 'Asha Verma', phone: '90000 00042', ...more });

test('a lead is trimmed, its number normalised, and blank is the same as not told', () => {
  expect(
    toLead(body({ name: '  Asha Verma ', email: ' ', city: null, enquiredAt: '2026-11-24T10:30:00+05:30' })),
  ).toEqual({
    ok: true,
    lead: {
      name: 'Asha Verma',
      phone: '+919000000042',
      sourceLeadId: null,
      email: null,
      productName: null,
      city: null,
      state: null,
      message: null,
      enquiredAt: new Date('2026-11-24T05:00:00Z'),
    },
  });
});

test.for([
  [{ phone: '9000000042' }, '/name', 'missing'],
  [{ name: 'Asha' }, '/phone', 'missing'],
  [body({ name: ' ' }), '/name', 'empty'],
  [body({ name: null }), '/name', 'wrong_type'],
  [body({ name: 'x'.repeat(201) }), '/name', 'too_long'],
  [body({ phone: '' }), '/phone', 'unparseable'],
  [body({ phone: 9_000_000_042 }), '/phone', 'wrong_type'],
  [body({ phone: '022-22355342' }), '/phone', 'landline'],
  [body({ phone: '1800 123 4567' }), '/phone', 'service_number'],
  [body({ phone: '5876543210' }), '/phone', 'not_indian_mobile'],
  [body({ phone: '+1 415 555 2671' }), '/phone', 'foreign'],
  [body({ phone: '98765xxxxx' }), '/phone', 'unparseable'],
  [body({ phone: '9999999999' }), '/phone', 'placeholder'],
  [body({ phone: '90000\0 00042' }), '/phone', 'invalid'],
  [body({ message: 'a\0b' }), '/message', 'invalid'],
  [body({ city: 'a\uD800b' }), '/city', 'invalid'],
  [body({ sourceLeadId: 1042 }), '/sourceLeadId', 'wrong_type'],
  [body({ sourceLeadId: 'x'.repeat(201) }), '/sourceLeadId', 'too_long'],
  [body({ enquiredAt: '2026-11-24T10:30:00' }), '/enquiredAt', 'invalid'],
  [body({ enquiredAt: '0000-01-01T00:00:00Z' }), '/enquiredAt', 'invalid'],
  [body({ enquiredAt: '2026-02-30T00:00:00Z' }), '/enquiredAt', 'invalid'],
  [body({ mobile: '9' }), '/mobile', 'unknown_field'],
  [[body()], '', 'wrong_type'],
  ['text', '', 'wrong_type'],
  [null, '', 'wrong_type'],
] as [unknown, string, string][])('%j has a fault at %s: %s', ([given, pointer, reason]) => {
  expect(toLead(given)).toEqual({ ok: false, faults: [{ pointer, reason, detail: expect.any(String) }] });
});

test('all faults are told at once, the number’s too', () => {
  const read = toLead({ phone: '+1 415 555 2671', colour: 'red', city: 7 });
  expect(read.ok ? [] : read.faults.map(({ pointer, reason }) => [pointer, reason])).toEqual([
    ['/name', 'missing'],
    ['/city', 'wrong_type'],
    ['/colour', 'unknown_field'],
    ['/phone', 'foreign'],
  ]);
});

test('a key that may be a number or a name is not said back', () => {
  const read = toLead(body({ '+91 98765 43210': 'x', 'Ravi Kumar': 'y', 'a\0': 'z' }));
  expect(read.ok ? [] : read.faults.map(({ pointer }) => pointer)).toEqual(['', '', '']);
});

test('whatever is sent, a fault repeats nothing of it, and what is taken can be stored', () => {
  const field = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('9876543210', 'Asha'), fc.jsonValue());
  const sent = fc.record(
    { name: field, phone: field, email: field, message: field, enquiredAt: field },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(sent, (given) => {
      const read = toLead(given);
      if (read.ok) {
        expect(JSON.stringify(read.lead)).not.toMatch(/\\u0000|\\ud[89a-f]/i);
        expect(read.lead.phone).toMatch(/^\+91[6-9]\d{9}$/);
      } else expect(read.faults.every(({ detail }) => !/\d{7}/.test(detail))).toBe(true);
    }),
  );
});
