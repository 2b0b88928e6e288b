import { expect, test } from 'vitest';
import { toCrmMobile, toCrmTask, type QualifiedCall } from './to-crm-task.ts';

const call: QualifiedCall = {
  room: 'call-7-k3v9x2m4q8w1',
  name: 'Asha Verma',
  phone: '+919000000042',
  source: 'indiamart',
  productName: 'Paper cup machine',
  mode: 'sarvam',
  answers: { machine_interest: 'paper cups', budget: '8 lakh' },
  callbackAt: null,
  callStartedAt: new Date('2026-11-24T05:30:00Z'),
  enquiries: [],
};

test('a qualified call is a follow-up with its answers, its time in India and its reference', () => {
  expect(toCrmTask(call, 'c1', { priority: 'normal' })).toEqual({
    customerId: 'c1',
    titleType: 'followup',
    title: 'Follow up: Paper cup machine, Asha Verma',
    description: [
      'Called by the voice agent on 24 Nov 2026, 11:00 am, lead from indiamart.',
      'Machine interest: paper cups',
      'Budget: 8 lakh',
      '[leadline:call-7-k3v9x2m4q8w1]',
    ].join('\n'),
    priority: 'normal',
    status: 'not_started',
  });
});

test('what the buyer asked for besides is told, each with its time and source', () => {
  const at = new Date('2026-11-24T05:31:00Z');
  const enquiries = [
    { source: 'justdial', productName: 'Dona machine', message: 'Price?', enquiredAt: at },
    { source: 'website', productName: null, message: null, enquiredAt: at },
  ];
  const { description } = toCrmTask({ ...call, enquiries }, 'c1', { priority: 'normal' });
  expect(description.split('\n').slice(3)).toEqual([
    'Asked again on 24 Nov 2026, 11:01 am over justdial: Dona machine: Price?',
    'Asked again on 24 Nov 2026, 11:01 am over website.',
    '[leadline:call-7-k3v9x2m4q8w1]',
  ]);
});

test('a named time makes it a callback, due then', () => {
  const task = toCrmTask({ ...call, callbackAt: new Date('2026-11-25T04:30:00Z') }, 'c1', { priority: 'normal' });
  expect(task).toMatchObject({ titleType: 'callback', dueDate: '2026-11-25T04:30:00.000Z' });
  expect(task.description).toContain('Wishes to be called back on 25 Nov 2026, 10:00 am.');
});

test.for([
  ['high', 'high'],
  ['very high', 'urgent'],
  ['just looking', 'low'],
])('seriousness "%s" makes its priority %s', ([seriousness, priority]) => {
  expect(toCrmTask({ ...call, answers: { seriousness: seriousness ?? '' } }, 'c1', { priority: 'low' }).priority).toBe(
    priority,
  );
});

test('however long the answers are, the reference stays', () => {
  const task = toCrmTask({ ...call, answers: { note: 'x'.repeat(30_000) } }, 'c1', { priority: 'normal' });
  expect(task.description).toHaveLength(20_000);
  expect(task.description.endsWith('[leadline:call-7-k3v9x2m4q8w1]')).toBe(true);
});

test('the CRM writes numbers without a plus', () => {
  expect(toCrmMobile('+919000000042')).toBe('919000000042');
});
