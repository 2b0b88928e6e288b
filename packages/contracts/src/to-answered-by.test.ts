import fc from 'fast-check';
import { expect, test } from 'vitest';
import { answeredByCategories, isMachine, type AnsweredByCategory } from './answered-by.ts';
import { readAgentReport } from './to-agent-report.ts';

const room = 'call-7-k3v9x2m4q8w1';
const heard = (data: Record<string, unknown>) => {
  const read = readAgentReport('agent.answered_by', { room, ...data });
  if (!read.ok || read.report.type !== 'agent.answered_by') throw new Error('it can be read');
  return { ...read.report, notes: read.notes.map(({ field, outcome }) => `${field} ${outcome}`) };
};

test.for<[unknown, AnsweredByCategory]>([
  ...answeredByCategories.options.map((one): [string, AnsweredByCategory] => [one, one]),
  // LiveKit's own.
  ['machine-vm', 'voicemail'],
  ['machine-ivr', 'ivr'],
  ['machine-unavailable', 'announcement'],
  // Twilio's, and other spellings.
  ['machine_start', 'voicemail'],
  ['machine_end_beep', 'voicemail'],
  ['machineEndSilence', 'voicemail'],
  ['Answering Machine', 'voicemail'],
  ['VOICEMAIL', 'voicemail'],
  ['call-screening', 'screener'],
  ['Switched off', 'announcement'],
  ['person', 'human'],
  ['unknown', 'uncertain'],
  // Misspelt, wrapped, and with words around it.
  ['voicmail', 'voicemail'],
  ['announcment', 'announcement'],
  ['humen', 'human'],
  [{ value: 'voicemail', confidence: 0.9 }, 'voicemail'],
  [['ivr'], 'ivr'],
  ['IVR system', 'ivr'],
  ['Call Screening Service', 'screener'],
  ['human (confident)', 'human'],
  ['customer picked up', 'human'],
])('the category %j is %j', ([category, known]) => {
  expect(heard({ category })).toMatchObject({ category: known, notes: [] });
});

test.for<[unknown]>([
  ['elephant'],
  [7],
  [null],
  [undefined],
  [{ value: 7 }],
  ['not a machine'],
  ['human or voicemail'],
  ['the person said that his voicemail is full'],
])('the category %j can not be read: nobody is taken for a machine', ([category]) => {
  const { category: read, notes } = heard({ category });
  expect(isMachine(read)).toBe(false);
  expect(notes).toContain('category dropped');
});

test.for<[Record<string, unknown>, Record<string, unknown>]>([
  [{ afterMs: 3200 }, { afterMs: 3200 }],
  [{ after_ms: '3200.4' }, { afterMs: 3200 }],
  [{ afterMs: '1,200' }, { afterMs: 1200, notes: [] }],
  [{ afterMs: '1200ms' }, { afterMs: 1200, notes: [] }],
  [{ afterMs: '1.2 s' }, { afterMs: 1200, notes: [] }],
  [{ afterMs: '१२००' }, { afterMs: 1200, notes: [] }],
  [{ afterMs: -1 }, { afterMs: null, notes: ['afterMs dropped'] }],
  [{ afterMs: 1e12 }, { afterMs: null, notes: ['afterMs dropped'] }],
  [{ afterMs: 'soon' }, { afterMs: null, notes: ['afterMs dropped'] }],
  [{}, { afterMs: null, detail: null, messageLeft: false, notes: [] }],
  [{ message_left: true }, { messageLeft: true }],
  [{ messageLeft: 'haan' }, { messageLeft: true }],
  [{ messageLeft: 'no' }, { messageLeft: false }],
  [{ messageLeft: 'half of it' }, { messageLeft: true, notes: ['messageLeft guessed'] }],
  [{ detail: 'the number is switched off' }, { detail: 'the number is switched off' }],
  [{ reason: 'x'.repeat(999) }, { detail: 'x'.repeat(300) }],
  [{ detail: 'null' }, { detail: null }],
])('%j is %j', ([data, read]) => {
  expect(heard({ category: 'voicemail', ...data })).toMatchObject(read);
});

test('whatever an agent sends under these names, the report is taken and fits its contract', () => {
  fc.assert(
    fc.property(
      fc.record({ category: fc.anything(), afterMs: fc.anything(), detail: fc.anything(), messageLeft: fc.anything() }),
      (data) => {
        const { category, afterMs, detail } = heard(data);
        expect(answeredByCategories.options).toContain(category);
        expect(afterMs === null || (Number.isInteger(afterMs) && afterMs >= 0 && afterMs < 2 ** 31)).toBe(true);
        expect((detail ?? '').length).toBeLessThanOrEqual(300);
      },
    ),
  );
});
