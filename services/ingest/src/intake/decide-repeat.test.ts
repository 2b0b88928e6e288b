import { expect, test } from 'vitest';
import { decideRepeat as decide, type About, type Delivered, type StoredReceipt } from './decide-repeat.ts';

const delivered = (more: Partial<Delivered> = {}): Delivered => ({
  receiptId: 'own',
  idScope: '',
  source: 'website',
  sourceLeadId: null,
  idempotencyKey: null,
  bodyHash: 'hash',
  ...more,
});
const receipt = (more: Partial<StoredReceipt> = {}): StoredReceipt => ({
  id: 'first',
  source: 'website',
  idScope: '',
  sourceLeadId: null,
  idempotencyKey: null,
  bodyHash: 'hash',
  verdict: 'accepted',
  faults: null,
  leadId: 7,
  numberHash: 'h42',
  phone: '+919000000042',
  productName: 'Cup machine',
  message: null,
  way: 'api',
  ...more,
});
const about: About = {
  phone: '+919000000042',
  numberHash: 'h42',
  isErased: false,
  productName: 'Cup machine',
  message: null,
  wishHash: 'cup',
  way: 'api',
};
const decideRepeat = (sent: Delivered, receipts: readonly StoredReceipt[], more: Partial<About> = {}) =>
  decide(sent, { ...about, ...more }, receipts);
const fault = { pointer: '/phone', reason: 'foreign', detail: 'is foreign' };

test('what an earlier try stored is found again', () => {
  const own = receipt({ id: 'own' });
  expect(decideRepeat(delivered({ idempotencyKey: 'k' }), [own])).toEqual({ kind: 'stored', receipt: own });
});

test('an id counts within its scope only', () => {
  const other = receipt({ sourceLeadId: '1', idScope: 'another connection' });
  expect(() => decideRepeat(delivered({ sourceLeadId: '1' }), [other])).toThrow('is gone');
  expect(decideRepeat(delivered({ sourceLeadId: '1', idScope: 'another connection' }), [other]).kind).toBe('repeat');
});

test('the same key with the same body repeats the first answer', () => {
  expect(decideRepeat(delivered({ idempotencyKey: 'k' }), [receipt({ idempotencyKey: 'k' })])).toEqual({
    kind: 'repeat',
    leadId: 7,
    bindsKey: false,
  });
});

test('the same key with another body is refused, even under a known source id', () => {
  const receipts = [receipt({ idempotencyKey: 'k', bodyHash: 'other' }), receipt({ sourceLeadId: 's', leadId: 8 })];
  expect(decideRepeat(delivered({ idempotencyKey: 'k', sourceLeadId: 's' }), receipts)).toEqual({ kind: 'key_reused' });
});

test('the key is looked at before the source id', () => {
  const receipts = [receipt({ sourceLeadId: 's', leadId: 8 }), receipt({ idempotencyKey: 'k', leadId: 7 })];
  expect(decideRepeat(delivered({ idempotencyKey: 'k', sourceLeadId: 's' }), receipts)).toMatchObject({ leadId: 7 });
});

test.for([
  [null, false],
  ['new key', true],
] as const)(
  'a known source id repeats the first answer whatever the body; with key %s it binds it: %s',
  ([key, bindsKey]) => {
    const sent = delivered({ sourceLeadId: 's', idempotencyKey: key, bodyHash: 'other' });
    expect(decideRepeat(sent, [receipt({ sourceLeadId: 's' })])).toEqual({ kind: 'repeat', leadId: 7, bindsKey });
  },
);

test('a key is not a source id, and neither is another source’s', () => {
  const receipts = [receipt({ idempotencyKey: 's' }), receipt({ source: 'indiamart', sourceLeadId: 's' })];
  expect(() => decideRepeat(delivered({ sourceLeadId: 's' }), receipts)).toThrow('gone');
});

test('a refused delivery is answered by its faults, but for a key that stands for another body', () => {
  const own = receipt({ id: 'own', verdict: 'rejected', leadId: null, faults: [fault], idempotencyKey: 'k' });
  const sent = delivered({ idempotencyKey: 'k' });
  expect(decideRepeat(sent, [own])).toEqual({ kind: 'stored', receipt: own });
  expect(decideRepeat(sent, [own, receipt({ idempotencyKey: 'k', bodyHash: 'other' })])).toEqual({
    kind: 'key_reused',
  });
});

test('a key of a refused delivery binds nothing', () => {
  const earlier = receipt({ verdict: 'rejected', idempotencyKey: 'k', bodyHash: 'other', leadId: null });
  const first = receipt({ sourceLeadId: 's' });
  expect(decideRepeat(delivered({ idempotencyKey: 'k', sourceLeadId: 's' }), [earlier, first])).toEqual({
    kind: 'repeat',
    leadId: 7,
    bindsKey: true,
  });
});

const known = receipt({ sourceLeadId: 's' });
const derived = (scope: string, more: Partial<StoredReceipt> = {}): StoredReceipt =>
  receipt({ id: 'second', sourceLeadId: 's', idScope: scope, leadId: 8, ...more });

test.for([
  ['another number', { numberHash: 'h43' }, [known], { kind: 'another', idScope: ' #h43', sameIdAs: 'first' }],
  [
    'that number again',
    { numberHash: 'h43' },
    [known, derived(' #h43', { numberHash: 'h43' })],
    { kind: 'repeat', leadId: 8 },
  ],
  [
    'another product',
    { productName: 'Plate', wishHash: 'w' },
    [known],
    { kind: 'another', idScope: ' @w', sameIdAs: null },
  ],
  [
    'another message',
    { message: 'Price?', wishHash: 'w' },
    [known],
    { kind: 'another', idScope: ' @w', sameIdAs: null },
  ],
  [
    'that product again',
    { productName: 'Plate', wishHash: 'w' },
    [known, derived(' @w')],
    { kind: 'repeat', leadId: 8 },
  ],
  ['the same in other letters', { productName: ' CUP  machine ' }, [known], { kind: 'repeat', leadId: 7 }],
  ['less than before', { productName: null }, [known], { kind: 'repeat', leadId: 7 }],
  ['another product over another way', { productName: 'Plate', way: 'file' }, [known], { kind: 'repeat', leadId: 7 }],
  [
    'another number with another wish',
    { numberHash: 'h43', productName: 'Plate', wishHash: 'w' },
    [known, derived(' #h43', { numberHash: 'h43' })],
    { kind: 'another', idScope: ' #h43 @w', sameIdAs: null },
  ],
  [
    'the number of a receipt from before hashes were kept',
    { numberHash: 'h43', phone: '+919000000043' },
    [{ ...known, numberHash: null }],
    { kind: 'another', idScope: ' #h43' },
  ],
  ['the number of its lead, likewise', {}, [{ ...known, numberHash: null }], { kind: 'repeat', leadId: 7 }],
  [
    'an erased person’s own record, likewise, whatever it says',
    { isErased: true, productName: 'Plate' },
    [{ ...known, numberHash: null, phone: 'erased' }],
    { kind: 'repeat', leadId: 7 },
  ],
  [
    'somebody else under an erased person’s id',
    {},
    [{ ...known, numberHash: null, phone: 'erased' }],
    { kind: 'another', idScope: ' #h42' },
  ],
] as [string, Partial<About>, StoredReceipt[], object][])('a known id with %s', ([_what, more, receipts, expected]) => {
  expect(decideRepeat(delivered({ sourceLeadId: 's' }), receipts, more)).toMatchObject(expected);
});

test('what a form names by its Idempotency-Key is never a further enquiry, and somebody else’s is', () => {
  const first = receipt({ sourceLeadId: 'key sent-1', productName: null, message: null });
  const again = delivered({ sourceLeadId: 'key sent-1', bodyHash: 'other' });
  expect(decideRepeat(again, [first], { message: 'now with a message' })).toMatchObject({ kind: 'repeat', leadId: 7 });
  expect(decideRepeat(again, [first], { phone: '+919000000043', numberHash: 'h43' })).toMatchObject({
    kind: 'another',
  });
  const record = receipt({ sourceLeadId: 'sent-1', productName: null, message: null });
  expect(decideRepeat(delivered({ sourceLeadId: 'sent-1' }), [record], { message: 'more' })).toMatchObject({
    kind: 'another',
  });
});
