import fc from 'fast-check';
import { expect, test } from 'vitest';
import { noteFields, readAgentReport, type AgentReport, type ReadReport } from './to-agent-report.ts';

const room = 'call-7-k3v9x2m4q8w1';

function readOf(type: string, data: unknown): Extract<ReadReport, { ok: true }> {
  const read = readAgentReport(type, data);
  if (!read.ok) throw new Error(JSON.stringify(read.faults));
  return read;
}
const ended = (data: Record<string, unknown>) => readOf('agent.ended', { room, ...data });
const qualified = (data: Record<string, unknown>) => readOf('agent.qualified', { room, ...data });

test.for<[string, unknown, string]>([
  ['agent.slept', { room }, '/type'],
  ['', { room }, '/type'],
  ['agent.ended', null, '/data'],
  ['agent.ended', [{ room }, { room }], '/data'],
  ['agent.ended', 'room', '/data'],
  ['agent.ended', {}, '/data/room'],
  ['agent.ended', { room: 7, doNotCall: true }, '/data/room'],
  ['agent.ended', { room: ' ' }, '/data/room'],
  ['agent.ready', { room: 'x'.repeat(300) }, '/data/room'],
])('%s with %j is refused, and the fault named', ([type, data, pointer]) => {
  expect(readAgentReport(type, data)).toMatchObject({ ok: false, faults: [{ pointer }] });
});

test.for<[unknown, AgentReport & { type: 'agent.ended' } extends { endedBy: infer By } ? By : never]>([
  ['callee', 'callee'],
  ['user', 'callee'],
  ['Customer', 'callee'],
  ['caller', 'callee'],
  ['customer-ended-call', 'callee'],
  ['user_hangup', 'callee'],
  ['customerHungUp', 'callee'],
  ['agent', 'agent'],
  ['assistant', 'agent'],
  ['BOT', 'agent'],
  ['assistant-ended-call', 'agent'],
  ['error', 'error'],
  ['assistant-error', 'error'],
  ['pipeline failure', 'error'],
  ['elephant', null],
  [true, null],
  [null, null],
])('endedBy %j is %j', ([endedBy, by]) => {
  expect(ended({ endedBy }).report).toMatchObject({ endedBy: by });
});

test.for<[unknown, string | null, string | null]>([
  ['2026-12-01T17:00:00+05:30', '2026-12-01T11:30:00.000Z', null],
  ['2026-12-01T17:00:00', '2026-12-01T11:30:00.000Z', null],
  ['tomorrow 5 pm', null, 'tomorrow 5 pm'],
  ['कल शाम 5 बजे', null, 'कल शाम 5 बजे'],
  ['2026-12-01', null, '2026-12-01'],
  [{ day: 'tomorrow', time: '5 pm' }, null, 'tomorrow 5 pm'],
  ['after\u0000noon', null, 'afternoon'],
  ['0001-01-01T00:00:00+05:30', null, null],
  [true, null, null],
  [false, null, null],
  [12, null, null],
  ['null', null, null],
  ['not mentioned', null, null],
  [null, null, null],
  [undefined, null, null],
])('callbackAt %j is the time %j, the words %j', ([callbackAt, at, words]) => {
  const { report } = ended({ callbackAt });
  expect(report).toMatchObject({ callbackAt: at === null ? null : new Date(at), callbackWords: words });
});

test('a wish is heard under the names that other languages give it, and beside or among the answers', () => {
  for (const key of ['doNotCall', 'do_not_call', 'donotcall', 'DND', 'dnc', 'opt_out', 'do-not-call'])
    expect(ended({ [key]: 'yes' }).report).toMatchObject({ doNotCall: true });
  expect(qualified({ doNotCall: 'haan', qualification: {} }).report).toMatchObject({ doNotCall: true, answers: {} });
  expect(qualified({ qualification: { budget: '8', do_not_call: true } }).report).toMatchObject({
    doNotCall: true,
    answers: { budget: '8' },
  });
  expect(ended({ doNotCall: false, do_not_call: 'yes' }).report).toMatchObject({ doNotCall: true });
  expect(ended({ doNotCall: 'no' }).report).toMatchObject({ doNotCall: false });
});

test.for<[string, Record<string, unknown>, boolean]>([
  ['agent.ended', { result: { doNotCall: true } }, true],
  ['agent.ended', { call: { outcomes: [{ do_not_call: 'yes' }] } }, true],
  ['agent.ended', { wishes: { doNotCall: false } }, false],
  ['agent.qualified', { qualification: { consent: { optOut: 'haan' } } }, true],
  ['agent.ended', { callbackAt: 'Never call again' }, true],
  ['agent.ended', { callbackAt: "don't call again." }, true],
  ['agent.ended', { callbackAt: 'do not call on Sunday, call on Monday' }, false],
  ['agent.ended', { callbackAt: 'yes' }, false],
  ['agent.ended', { endedBy: 'do_not_call' }, true],
  ['agent.ended', { disposition: 'DNC' }, true],
  ['agent.ended', { outcome: 'call back' }, false],
])('%s with %j is a wish: %j', ([type, data, wish]) => {
  expect(readOf(type, { room, ...data }).report).toMatchObject({ doNotCall: wish });
});

test('a report in a text, or alone in a list, is that report', () => {
  for (const data of [[{ room, doNotCall: true }], JSON.stringify({ ROOM: room, Do_Not_Call: 'yes' })])
    expect(readOf('agent.ended', data).report).toMatchObject({ room, doNotCall: true });
});

test('a wish that is neither yes nor no counts as yes, and that is told', () => {
  const { report, notes } = ended({ doNotCall: 'maybe' });
  expect(report).toMatchObject({ doNotCall: true });
  expect(notes).toMatchObject([{ field: 'doNotCall', pointer: '/data/doNotCall', outcome: 'guessed' }]);
});

test.for<[unknown, Record<string, string>]>([
  [{ budget: '8 lakh' }, { budget: '8 lakh' }],
  ['{"budget": "8 lakh"}', { budget: '8 lakh' }],
  ['wants a cup machine', { notes: 'wants a cup machine' }],
  [['cup machine', 'Pune'], { notes: 'cup machine, Pune' }],
  ['none', {}],
  [7, {}],
  [null, {}],
  [undefined, {}],
])('the qualification %j is %j', ([qualification, answers]) => {
  expect(qualified({ mode: 'sarvam', qualification }).report).toMatchObject({ mode: 'sarvam', answers });
});

test.for<[unknown, string | null]>([
  ['sarvam', 'sarvam'],
  ['OpenAI-Realtime', 'openai_realtime'],
  ['parrot', null],
  [5, null],
  [undefined, null],
])('the mode %j is %j, and the answers count', ([mode, known]) => {
  expect(qualified({ mode, qualification: { budget: '8' } }).report).toMatchObject({
    mode: known,
    answers: { budget: '8' },
  });
});

test('the agent’s author is told what was dropped, by the name under which it was sent, and no value', () => {
  const { notes } = qualified({ mode: 'parrot', answers: { note: 'x'.repeat(30_000), budget: 'y'.repeat(30_000) } });
  expect(notes.map(({ field, pointer, outcome }) => [field, pointer, outcome])).toEqual([
    ['qualification', '/data/answers/note', 'cut'],
    ['budget', '/data/answers/budget', 'cut'],
    ['mode', '/data/mode', 'dropped'],
  ]);
});

const good: [string, Record<string, unknown>][] = [
  ['agent.ended', { endedBy: 'user', doNotCall: 'yes', callbackAt: '2026-12-01T17:00:00' }],
  ['agent.qualified', { mode: 'sarvam', qualification: { budget: '8 lakh', location: 'Pune' }, doNotCall: true }],
];
const anything = fc.jsonValue({ stringUnit: 'binary', maxDepth: 4 });

/** What a report says, but for one field; an answer is a field of its own. */
function without(report: AgentReport, field: string): Record<string, unknown> {
  const rest: Record<string, unknown> = { ...report };
  delete rest[field];
  if (field === 'callbackAt') delete rest['callbackWords'];
  if (field === 'qualification') delete rest['answers'];
  return rest;
}

test('whatever one field is spoiled with, all others count', () => {
  for (const [type, fields] of good) {
    for (const field of Object.keys(fields)) {
      const whole = readOf(type, { room, ...fields }).report;
      fc.assert(
        fc.property(anything, (spoiled) => {
          const { report, notes } = readOf(type, { room, ...fields, [field]: spoiled });
          // Among the answers may stand a wish of its own.
          if (field !== 'qualification') expect(without(report, field)).toEqual(without(whole, field));
          expect(notes.every((note) => noteFields.includes(note.field))).toBe(true);
        }),
        { numRuns: 2_000 },
      );
    }
  }
});

test('whatever one answer is spoiled with, the other answers count', () => {
  fc.assert(
    fc.property(anything, (spoiled) => {
      const { report } = qualified({
        mode: 'sarvam',
        qualification: { budget: spoiled, location: 'Pune', own_brand: 7 },
      });
      expect(report).toMatchObject({ mode: 'sarvam', answers: { location: 'Pune', own_brand: '7' }, doNotCall: false });
    }),
    { numRuns: 3_000 },
  );
});

test('whatever is sent beside the room is read, and no note names a field outside its list', () => {
  const names = fc.constantFrom(
    'mode',
    'qualification',
    'endedBy',
    'ended_by',
    'doNotCall',
    'dnd',
    'callbackAt',
    'x',
    '',
  );
  fc.assert(
    fc.property(fc.dictionary(names, anything), (data) => {
      for (const type of ['agent.ready', 'agent.qualified', 'agent.ended']) {
        const { notes } = readOf(type, { ...data, room });
        expect(notes.every((note) => noteFields.includes(note.field))).toBe(true);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('a list of keys with their answers is what it means, and a wish under any of its names counts', () => {
  const list = [
    { key: 'budget', value: '8 lakh' },
    { name: 'is_dnc', answer: 'haan' },
  ];
  for (const qualification of [list, JSON.stringify(list)]) {
    expect(qualified({ qualification }).report).toMatchObject({ answers: { budget: '8 lakh' }, doNotCall: true });
  }
  expect(qualified({ qualification: [{ key: 'budget' }] }).report).toMatchObject({ answers: { notes: 'key: budget' } });
});
