import { expect, test } from 'vitest';
import { readAgentReport } from './to-agent-report.ts';

const room = 'call-7-k3v9x2m4q8w1';

function read(data: Record<string, unknown>) {
  const found = readAgentReport('agent.callback_requested', { room, ...data });
  if (!found.ok || found.report.type !== 'agent.callback_requested') throw new Error('was refused');
  return { ...found.report, notes: found.notes.map(({ field, outcome }) => `${field} ${outcome}`) };
}

test('a request as the contract has it is read whole', () => {
  const asked = {
    words: 'kal shaam chhe baje',
    at: '2026-11-25T18:00:00+05:30',
    precision: 'part_of_day',
    confirmed: true,
    askedBy: 'gatekeeper',
    keptBy: 'person',
  };
  expect(read(asked)).toMatchObject({
    callback: { ...asked, at: new Date('2026-11-25T12:30:00Z') },
    doNotCall: false,
    notes: [],
  });
});

test('what is left out is exact, not confirmed, asked by the buyer, and kept by the agent', () => {
  expect(read({ at: '2026-11-25T18:00:00+05:30' }).callback).toEqual({
    words: null,
    at: new Date('2026-11-25T12:30:00Z'),
    precision: 'exact',
    confirmed: false,
    askedBy: 'buyer',
    keptBy: 'agent',
  });
});

test.for<[Record<string, unknown>, Record<string, unknown>]>([
  [{ asked_by: 'receptionist' }, { askedBy: 'gatekeeper' }],
  [{ askedBy: 'the customer himself' }, { askedBy: 'buyer' }],
  [{ kept_by: 'sales team' }, { keptBy: 'person' }],
  [{ keptBy: 'human_agent' }, { keptBy: 'person' }],
  [{ keptBy: 'AI agent' }, { keptBy: 'agent' }],
  [{ confirmed: 'haan' }, { confirmed: true }],
  [{ confirmed: 'maybe' }, { confirmed: false }],
  [{ keptBy: 'humen' }, { keptBy: 'person' }],
  [{ askedBy: 'gatekeper' }, { askedBy: 'gatekeeper' }],
  [
    { callback: { time: '2026-11-25T18:00:00+05:30', words: 'kal' } },
    { at: new Date('2026-11-25T12:30:00Z'), words: 'kal' },
  ],
  [{ requestedTime: '2026-11-25T18:00:00+05:30' }, { at: new Date('2026-11-25T12:30:00Z') }],
  [{ at: '2026-11-25T18:00:00+5:30' }, { at: new Date('2026-11-25T12:30:00Z') }],
  [{ precision: 'Part of day' }, { precision: 'part_of_day' }],
  [{ precision: 'AFTER' }, { precision: 'after' }],
  [{ callbackAt: 1_764_000_000 }, { at: new Date(1_764_000_000_000) }],
  [{ at: 'shaam ko' }, { at: null, words: 'shaam ko' }],
  [
    { at: 'evening', words: 'shaam ko' },
    { at: null, words: 'shaam ko' },
  ],
  [
    { at: null, words: 'N/A' },
    { at: null, words: null },
  ],
])('%j is read as %j', ([data, callback]) => {
  expect(read(data).callback).toMatchObject(callback);
});

test('what can not be read takes the usual value, and is noted', () => {
  expect(read({ at: '2026-11-25T18:00:00Z', precision: 'purple', keptBy: '?!', askedBy: 7 })).toMatchObject({
    callback: { precision: 'exact', askedBy: 'buyer' },
    notes: ['precision dropped', 'askedBy dropped'],
  });
  expect(read({}).notes).toEqual(['callbackAt dropped']);
  expect(read({ words: 'kal', confirmed: 'maybe' }).notes).toEqual(['confirmed guessed']);
  expect(read({ at: '1970-01-01T00:00:00Z' })).toMatchObject({ callback: { at: null }, notes: ['callbackAt dropped'] });
});

test.for([{ words: 'never call again' }, { doNotCall: true }, { at: 'DND' }, { callback: { opt_out: 'yes' } }])(
  'a wish in %j is heard',
  (data) => {
    expect(read(data).doNotCall).toBe(true);
  },
);
