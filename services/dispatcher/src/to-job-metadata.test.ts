import { jobMetadata } from '@leadline/contracts/job-metadata';
import { startSpan } from '@leadline/tracing/span';
import { expect, test } from 'vitest';
import type { Claim } from './claim-due-leads.ts';
import { toJobMetadata } from './to-job-metadata.ts';

const claim = (more: Partial<Claim>): Claim => ({
  callId: 7,
  leadId: 42,
  source: 'website',
  attempt: 1,
  room: 'call-7-k3v9x2m4q8w1',
  phone: '+919000000042',
  name: 'Asha',
  products: [],
  mode: 'sarvam',
  language: null,
  messageLeft: false,
  probe: false,
  claimedAt: 0,
  span: startSpan('attempt', {}),
  ...more,
});

test('what fits is told as it is', () => {
  const products = ['Paper cup machine', 'Dona machine'];
  expect(toJobMetadata(claim({ products }), undefined)).toMatchObject({ name: 'Asha', products });
  expect(toJobMetadata(claim({}), undefined).products).toEqual([]);
});

test('what earlier attempts learnt goes along: the language asked for, and whether a message was left', () => {
  const second = toJobMetadata(claim({ attempt: 2, language: 'Tamil', messageLeft: true }), undefined);
  expect(jobMetadata.parse(second)).toMatchObject({ language: 'Tamil', messageLeft: true });
  expect(toJobMetadata(claim({}), undefined)).toMatchObject({ messageLeft: false });
  expect(toJobMetadata(claim({}), undefined)).not.toHaveProperty('language');
});

test('of many products the first and the newest are told, each cut between characters, whatever they hold', () => {
  const products = Array.from({ length: 5_000 }, (_, n) => `${n} ${'मशीन'.repeat(2_000)}`);
  const told = toJobMetadata(claim({ products, name: '👨‍👩‍👧'.repeat(500) }), undefined);
  expect(jobMetadata.parse(told)).toEqual(told);
  expect(told.products.map((product) => Number.parseInt(product, 10))).toEqual([
    0,
    ...Array.from({ length: 19 }, (_, n) => 4_981 + n),
  ]);
  expect(Buffer.byteLength(JSON.stringify(told))).toBeLessThan(32 * 1024);
  expect(JSON.stringify(told).isWellFormed()).toBe(true);
});
