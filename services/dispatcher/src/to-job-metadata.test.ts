import { jobMetadata } from '@leadline/contracts/job-metadata';
import { toMode } from '@leadline/contracts/mode';
import { startSpan } from '@leadline/tracing/span';
import { expect, test } from 'vitest';
import { parseCallWindow } from './call-window.ts';
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
  callbackId: null,
  madeAt: new Date('2026-11-25T12:30:00Z'),
  claimedAt: 0,
  span: startSpan('attempt', {}),
  ...more,
});

const told = {
  window: parseCallWindow('mon-sat 09:00-21:00'),
  mode: undefined,
  callback: undefined,
  traceparent: undefined,
};

test('what fits is told as it is', () => {
  const products = ['Paper cup machine', 'Dona machine'];
  expect(toJobMetadata(claim({ products }), told)).toMatchObject({ name: 'Asha', products });
  expect(toJobMetadata(claim({}), told).products).toEqual([]);
});

test('the agent knows its clock, and when people may be rung in three days', () => {
  // 18:00 on a Friday in India; nights and Sundays are shut.
  expect(toJobMetadata(claim({ madeAt: new Date('2026-11-27T12:30:00Z') }), told)).toMatchObject({
    now: '2026-11-27T18:00:00.000+05:30',
    zone: 'Asia/Kolkata',
    openings: [
      { from: '2026-11-27T18:00:00.000+05:30', to: '2026-11-27T21:00:00.000+05:30' },
      { from: '2026-11-28T09:00:00.000+05:30', to: '2026-11-28T21:00:00.000+05:30' },
    ],
  });
});

test('what earlier attempts learnt goes along: the language asked for, and whether a message was left', () => {
  const second = toJobMetadata(claim({ attempt: 2, language: 'Tamil', messageLeft: true }), told);
  expect(jobMetadata.parse(second)).toMatchObject({ language: 'Tamil', messageLeft: true });
  expect(toJobMetadata(claim({}), told)).toMatchObject({ messageLeft: false });
  expect(toJobMetadata(claim({}), told)).not.toHaveProperty('language');
});

test('the agent gets its mode’s questions as a schema for its tool, with their version', () => {
  const mode = toMode(
    'loans.json',
    '{"version":"7","type":"object","properties":{"income":{"type":"string","title":"Income"}},"additionalProperties":true}',
  );
  const metadata = toJobMetadata(claim({ mode: 'loans' }), { ...told, mode });
  expect(jobMetadata.parse(metadata)).toMatchObject({
    mode: 'loans',
    modeVersion: '7',
    answers: { type: 'object', properties: { income: { type: 'string', title: 'Income' } } },
  });
  expect(toJobMetadata(claim({}), told)).not.toHaveProperty('answers');
});

test('of many products the first and the newest are told, each cut between characters, whatever they hold', () => {
  const products = Array.from({ length: 5_000 }, (_, n) => `${n} ${'मशीन'.repeat(2_000)}`);
  const metadata = toJobMetadata(claim({ products, name: '👨‍👩‍👧'.repeat(500) }), told);
  expect(jobMetadata.parse(metadata)).toEqual(metadata);
  expect(metadata.products.map((product) => Number.parseInt(product, 10))).toEqual([
    0,
    ...Array.from({ length: 19 }, (_, n) => 4_981 + n),
  ]);
  expect(Buffer.byteLength(JSON.stringify(metadata))).toBeLessThan(32 * 1024);
  expect(JSON.stringify(metadata).isWellFormed()).toBe(true);
});
