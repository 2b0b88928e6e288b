import fc from 'fast-check';
import { expect, test } from 'vitest';
import { reference, toCrmMobile, toCrmTask, type QualifiedCall } from './to-crm-task.ts';

const call: QualifiedCall = {
  room: 'call-7-k3v9x2m4q8w1',
  name: 'Asha Verma',
  phone: '+919000000042',
  source: 'indiamart',
  productName: 'Paper cup machine',
  mode: 'sarvam',
  answers: { machine_interest: 'paper cups', budget: '8 lakh' },
  callbackAt: null,
  callbackWords: null,
  disposition: null,
  language: null,
  callbackKeptBy: null,
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
    '[leadline:call-7-k3v9x2m4q8w1]',
    'Asked again on 24 Nov 2026, 11:01 am over justdial: Dona machine: Price?',
    'Asked again on 24 Nov 2026, 11:01 am over website.',
  ]);
});

test('a named time makes it a callback, due then', () => {
  const task = toCrmTask({ ...call, callbackAt: new Date('2026-11-25T04:30:00Z') }, 'c1', { priority: 'normal' });
  expect(task).toMatchObject({ titleType: 'callback', dueDate: '2026-11-25T04:30:00.000Z' });
  expect(task.description).toContain('Wishes to be called back on 25 Nov 2026, 10:00 am.');
});

test('what became of the talk is told, and the language asked for', () => {
  const lines = toCrmTask({ ...call, disposition: 'bought_elsewhere', language: 'Tamil' }, 'c1', {
    priority: 'normal',
  }).description.split('\n');
  expect(lines.slice(1, 3)).toEqual(['Outcome: bought elsewhere.', 'Wishes to speak Tamil.']);
});

test('what the voice agent calls back for is told, and nobody of the sales team is asked to call then', () => {
  const callbackAt = new Date('2026-11-25T04:30:00Z');
  const task = toCrmTask({ ...call, callbackAt, callbackKeptBy: 'agent' }, 'c1', { priority: 'normal' });
  expect(task).toMatchObject({ titleType: 'followup', title: 'Follow up: Paper cup machine, Asha Verma' });
  expect(task.description).toContain('The voice agent calls back on 25 Nov 2026, 10:00 am, as was asked for.');
  expect(task).not.toHaveProperty('dueDate');
  const byPerson = toCrmTask({ ...call, callbackAt, callbackKeptBy: 'person' }, 'c1', { priority: 'normal' });
  expect(byPerson).toMatchObject({ titleType: 'callback', dueDate: '2026-11-25T04:30:00.000Z' });
});

test('words for a time make it a callback too, in those words, and due at no time that nobody named', () => {
  const task = toCrmTask({ ...call, callbackWords: 'kal shaam ko' }, 'c1', { priority: 'normal' });
  expect(task).toMatchObject({ titleType: 'callback', title: 'Call back: Paper cup machine, Asha Verma' });
  expect(task.description).toContain('Wishes to be called back: "kal shaam ko".');
  expect(task).not.toHaveProperty('dueDate');
});

test.for([
  ['high', 'high'],
  ['not urgent', 'low'],
  ['बहुत गंभीर, तुरंत चाहिए', 'urgent'],
  ['very high', 'urgent'],
  ['just looking', 'low'],
])('seriousness "%s" makes its priority %s', ([seriousness, priority]) => {
  expect(toCrmTask({ ...call, answers: { seriousness: seriousness ?? '' } }, 'c1', { priority: 'low' }).priority).toBe(
    priority,
  );
});

test('answers that are too long are cut each by itself, and the reference stays', () => {
  const answers = { budget: '8 lakh', note: 'नमस्ते '.repeat(5_000), more: '👨‍👩‍👧'.repeat(3_000), city: 'Pune' };
  const { description } = toCrmTask({ ...call, answers }, 'c1', { priority: 'normal' });
  const lines = description.split('\n');
  expect(description.length).toBeLessThanOrEqual(20_000);
  expect(description.length).toBeGreaterThan(19_900);
  expect(description.isWellFormed()).toBe(true);
  expect(lines.map((line) => line.split(':')[0])).toEqual([
    'Called by the voice agent on 24 Nov 2026, 11',
    'Budget',
    'Note',
    'More',
    'City',
    '[leadline',
  ]);
  expect([lines[1], lines[4]]).toEqual(['Budget: 8 lakh', 'City: Pune']);
  expect(lines[3]?.replaceAll('👨‍👩‍👧', '')).toBe('More: …');
});

test('enquiries take the room that is left, the newest first of all', () => {
  const enquiries = Array.from({ length: 200 }, (_, n) => ({
    source: 'website',
    productName: `Product ${n}`,
    message: 'm'.repeat(1_000),
    enquiredAt: new Date(Date.parse('2026-11-24T05:31:00Z') + n),
  }));
  const { description } = toCrmTask({ ...call, enquiries }, 'c1', { priority: 'normal' });
  const lines = description.split('\n');
  expect(description.length).toBeLessThanOrEqual(20_000);
  expect(lines.slice(1, 4)).toEqual(['Machine interest: paper cups', 'Budget: 8 lakh', reference(call.room)]);
  expect(lines[4]).toMatch(/^\d+ earlier enquiries are on the lead’s page\.$/);
  expect(lines.at(-1)).toContain('Product 199');
  expect(Number.parseInt(lines[4] ?? '', 10) + lines.length - 5).toBe(200);
  const full = { ...call, answers: { note: 'x'.repeat(50_000) }, enquiries };
  expect(toCrmTask(full, 'c1', { priority: 'normal' }).description).toContain(reference(call.room));
});

test('whatever was said, the task is within its limits, whole in its characters and found again', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 30_000, size: 'max' });
  fc.assert(
    fc.property(
      fc.dictionary(fc.stringMatching(/^[a-z_]{1,20}$/), text, { maxKeys: 30 }),
      text,
      (answers, productName) => {
        const enquiries = [{ source: 'form', productName, message: productName, enquiredAt: call.callStartedAt }];
        const { title, description } = toCrmTask({ ...call, answers, productName, enquiries }, 'c1', {
          priority: 'low',
        });
        expect([title.length <= 200, description.length <= 20_000]).toEqual([true, true]);
        expect([title.isWellFormed(), description.isWellFormed()]).toEqual([true, true]);
        expect(description).toContain(reference(call.room));
      },
    ),
    { numRuns: 30 },
  );
});

test('the CRM writes numbers without a plus', () => {
  expect(toCrmMobile('+919000000042')).toBe('919000000042');
});
