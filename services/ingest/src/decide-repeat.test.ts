import { expect, test } from 'vitest';
import { decideRepeat, type Delivered, type StoredReceipt } from './decide-repeat.ts';

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
  id_scope: '',
  source_lead_id: null,
  idempotency_key: null,
  body_hash: 'hash',
  verdict: 'accepted',
  faults: null,
  lead_id: 7,
  ...more,
});
const fault = { pointer: '/phone', reason: 'foreign', detail: 'is foreign' };

test('what an earlier try stored is found again', () => {
  const own = receipt({ id: 'own' });
  expect(decideRepeat(delivered({ idempotencyKey: 'k' }), [own])).toEqual({ kind: 'stored', receipt: own });
});

test('an id counts within its scope only', () => {
  const other = receipt({ source_lead_id: '1', id_scope: 'another connection' });
  expect(() => decideRepeat(delivered({ sourceLeadId: '1' }), [other])).toThrow('is gone');
  expect(decideRepeat(delivered({ sourceLeadId: '1', idScope: 'another connection' }), [other]).kind).toBe('repeat');
});

test('the same key with the same body repeats the first answer', () => {
  expect(decideRepeat(delivered({ idempotencyKey: 'k' }), [receipt({ idempotency_key: 'k' })])).toEqual({
    kind: 'repeat',
    leadId: 7,
    bindsKey: false,
  });
});

test('the same key with another body is refused, even under a known source id', () => {
  const receipts = [
    receipt({ idempotency_key: 'k', body_hash: 'other' }),
    receipt({ source_lead_id: 's', lead_id: 8 }),
  ];
  expect(decideRepeat(delivered({ idempotencyKey: 'k', sourceLeadId: 's' }), receipts)).toEqual({ kind: 'key_reused' });
});

test('the key is looked at before the source id', () => {
  const receipts = [receipt({ source_lead_id: 's', lead_id: 8 }), receipt({ idempotency_key: 'k', lead_id: 7 })];
  expect(decideRepeat(delivered({ idempotencyKey: 'k', sourceLeadId: 's' }), receipts)).toMatchObject({ leadId: 7 });
});

test.for([
  [null, false],
  ['new key', true],
] as const)(
  'a known source id repeats the first answer whatever the body; with key %s it binds it: %s',
  ([key, bindsKey]) => {
    const sent = delivered({ sourceLeadId: 's', idempotencyKey: key, bodyHash: 'other' });
    expect(decideRepeat(sent, [receipt({ source_lead_id: 's' })])).toEqual({ kind: 'repeat', leadId: 7, bindsKey });
  },
);

test('a key is not a source id, and neither is another source’s', () => {
  const receipts = [receipt({ idempotency_key: 's' }), receipt({ source: 'indiamart', source_lead_id: 's' })];
  expect(() => decideRepeat(delivered({ sourceLeadId: 's' }), receipts)).toThrow('gone');
});

test('a refused delivery is answered by its faults, but for a key that stands for another body', () => {
  const own = receipt({ id: 'own', verdict: 'rejected', lead_id: null, faults: [fault], idempotency_key: 'k' });
  const sent = delivered({ idempotencyKey: 'k' });
  expect(decideRepeat(sent, [own])).toEqual({ kind: 'stored', receipt: own });
  expect(decideRepeat(sent, [own, receipt({ idempotency_key: 'k', body_hash: 'other' })])).toEqual({
    kind: 'key_reused',
  });
});

test('a key of a refused delivery binds nothing', () => {
  const earlier = receipt({ verdict: 'rejected', idempotency_key: 'k', body_hash: 'other', lead_id: null });
  const first = receipt({ source_lead_id: 's' });
  expect(decideRepeat(delivered({ idempotencyKey: 'k', sourceLeadId: 's' }), [earlier, first])).toEqual({
    kind: 'repeat',
    leadId: 7,
    bindsKey: true,
  });
});
