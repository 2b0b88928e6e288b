import { expect, test } from 'vitest';
import { splitByNumber } from './split-by-number.ts';
import type { Delivery } from './delivery.ts';

const lead = {
  name: 'Asha',
  phone: '+919000000042',
  sourceLeadId: null,
  email: null,
  productName: null,
  city: null,
  state: null,
  message: null,
  enquiredAt: null,
};
const delivery = (receiptId: string, more: Partial<Delivery> = {}, phone = lead.phone): Delivery => ({
  receiptId,
  source: 'website',
  idScope: '',
  sourceLeadId: null,
  idempotencyKey: null,
  bodyHash: '',
  body: '',
  read: { ok: true, lead: { ...lead, phone } },
  ...more,
});
const other = '+919000000043';
const refused: Partial<Delivery> = { read: { ok: false, faults: [] } };

test.for([
  ['different numbers go together', [delivery('a'), delivery('b', {}, other)], [], 'ab'],
  ['the second enquiry of a number waits', [delivery('a'), delivery('b'), delivery('c', {}, other)], [], 'ac'],
  ['all of a number go where its lead is open', [delivery('a'), delivery('b'), delivery('c')], [lead.phone], 'abc'],
  ['what is no lead goes at once', [delivery('a', refused), delivery('b', refused)], [], 'ab'],
  [
    'a repeat by id goes with the first',
    [delivery('a', { sourceLeadId: '1' }), delivery('b', { sourceLeadId: '1' }), delivery('c', { sourceLeadId: '2' })],
    [],
    'ab',
  ],
  [
    'a repeat by key goes with the first',
    [delivery('a', { idempotencyKey: 'k' }), delivery('b', { idempotencyKey: 'k', sourceLeadId: '2' })],
    [],
    'ab',
  ],
  [
    'the same id of another source or scope is no repeat',
    [
      delivery('a', { sourceLeadId: '1' }),
      delivery('b', { sourceLeadId: '1', source: 'zapier' }),
      delivery('c', { sourceLeadId: '1', idScope: 'x' }),
    ],
    [],
    'a',
  ],
] as [string, Delivery[], string[], string][])('%s', ([_what, deliveries, open, expected]) => {
  const { now, later } = splitByNumber(deliveries, new Set(open));
  expect(now.map(({ receiptId }) => receiptId).join('')).toBe(expected);
  expect([...now, ...later].toSorted((a, b) => (a.receiptId < b.receiptId ? -1 : 1))).toEqual(deliveries);
});
