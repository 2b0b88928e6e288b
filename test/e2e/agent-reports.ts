import { indianOffset, toIndianDay } from '@leadline/contracts/indian-time';

/** What an agent sends in one call. `late`: when the call has been decided already. */
export type Report = { type: string; data: Record<string, unknown>; late?: boolean };

/** What stands in the tables and the outboxes once all is heard. */
export type Found = {
  /** `called`, or why it failed. */
  call: string;
  answers: Record<string, string>;
  doNotCall: boolean;
  answeredBy: string | null;
  messageLeft: boolean;
  disposition: string | null;
  language: string | null;
  endedBy: string | null;
  /** Its state; of one that is given up, why. */
  lead: string;
  /** In their order: state, reason, time, precision, who keeps it, and whether the buyer has agreed. */
  callbacks: string[];
};

export type Case = { name: string; reports: Report[]; expected: Partial<Found> };

const report =
  (type: string) =>
  (data: Record<string, unknown>): Report => ({ type: `agent.${type}`, data });
const [by, learnt, asks, ends] = [
  report('answered_by'),
  report('qualified'),
  report('callback_requested'),
  report('ended'),
];
const late = (one: Report): Report => ({ ...one, late: true });
const says = (qualification: unknown): Report => learnt({ mode: 'sarvam', qualification });
const hungUp = ends({ endedBy: 'callee' });

const dayMs = 86_400_000;
/** An Indian day, so many days ahead. */
export const day = (ahead: number): string => toIndianDay(new Date(Date.now() + ahead * dayMs));
/** A time on an Indian clock, so many days ahead. */
const on = (ahead: number, time: string): string => `${day(ahead)}T${time}:00${indianOffset}`;
const utc = (text: string): string => new Date(text).toISOString();

const [tomorrow6, tomorrow7] = [on(1, '18:00'), on(1, '19:00')];
const waits6 = 'waiting tomorrow 18:00 exact agent';
const budget = { budget: '8 lakh' };
const given = { call: 'called', answers: budget, lead: 'dispatched' };
const never = { doNotCall: true, lead: 'failed do_not_call' };

const whoAnswered: Case[] = [
  { name: 'nothing but an end', reports: [hungUp], expected: { endedBy: 'callee' } },
  { name: 'nothing at all', reports: [], expected: {} },
  ...(
    [
      ['voicemail', 'voicemail'],
      ['machine-vm', 'voicemail'],
      ['AMDCategory.MACHINE_IVR', 'ivr'],
      ['machine-unavailable', 'announcement'],
      ['Call screening', 'screener'],
      ['MachineEndBeep', 'voicemail'],
      ['voicmail', 'voicemail'],
    ] as const
  ).map(([category, answeredBy]) => ({
    name: `answered by ${category}`,
    reports: [by({ category, afterMs: 2_100 }), ends({ by: 'agent' })],
    expected: { call: 'failed unanswered', answeredBy, endedBy: 'agent' },
  })),
  ...['human', 'uncertain', 'HUMAN ', 'elephant', 7, null, undefined].map((category) => ({
    name: `answered by ${String(category)}`,
    reports: [by({ category }), hungUp],
    expected: {
      answeredBy: String(category).trim().toLowerCase() === 'human' ? 'human' : 'uncertain',
      endedBy: 'callee',
    },
  })),
  {
    name: 'a verdict in an object, under another name',
    reports: [by({ amd_result: { category: 'machine-vm', reason: 'greeting' }, after_ms: '1.2 s' })],
    expected: { call: 'failed unanswered', answeredBy: 'voicemail' },
  },
  {
    name: 'a verdict and a message, each with extras and wrong types',
    reports: [
      by({ category: ['voicemail'], afterMs: -5, messageLeft: 'yes', transcript: 'after the tone', score: 0.9 }),
    ],
    expected: { call: 'failed unanswered', answeredBy: 'voicemail', messageLeft: true },
  },
  {
    name: 'two verdicts that disagree: the later counts',
    reports: [by({ category: 'voicemail', messageLeft: true }), by({ category: 'human' }), hungUp],
    expected: { answeredBy: 'human', messageLeft: true, endedBy: 'callee' },
  },
  {
    name: 'a screener that puts the person through',
    reports: [by({ category: 'screener' }), by({ category: 'human' }), says(budget), hungUp],
    expected: { ...given, answeredBy: 'human', endedBy: 'callee' },
  },
  {
    name: 'a person, and then a machine',
    reports: [by({ category: 'human' }), by({ category: 'voicemail' }), hungUp],
    expected: { call: 'failed unanswered', answeredBy: 'voicemail', endedBy: 'callee' },
  },
  {
    name: 'a machine after a useful answer',
    reports: [says(budget), by({ category: 'voicemail' }), hungUp],
    expected: { ...given, answeredBy: 'voicemail', endedBy: 'callee' },
  },
  {
    name: 'a machine after words that say nothing',
    reports: [says({ budget: 'not mentioned', location: null }), by({ category: 'ivr' })],
    expected: { call: 'failed unanswered', answeredBy: 'ivr' },
  },
  {
    name: 'a machine that is told of after the end',
    reports: [hungUp, late(by({ category: 'voicemail' }))],
    expected: { call: 'failed unanswered', answeredBy: 'voicemail', endedBy: 'callee' },
  },
  {
    name: 'a machine after the end of a call with answers',
    reports: [says(budget), hungUp, late(by({ category: 'voicemail' }))],
    expected: { ...given, answeredBy: 'voicemail', endedBy: 'callee' },
  },
  {
    name: 'answers after the end of a call that a machine took',
    reports: [by({ category: 'voicemail' }), hungUp, late(says(budget))],
    expected: { ...given, answeredBy: 'voicemail', endedBy: 'callee' },
  },
];

/** After these a lead is not called again. */
const closing = new Set(['not_interested', 'bought_elsewhere']);

const became: Case[] = [
  ...(
    [
      ['not_interested', 'not_interested'],
      ['Not interested', 'not_interested'],
      ['notInterested', 'not_interested'],
      ['NOT-INTERESTED', 'not_interested'],
      ['no_conversation', 'no_conversation'],
      ['call later (busy in a meeting)', 'call_later'],
      ['already bought', 'bought_elsewhere'],
      [['interested'], 'interested'],
      [{ label: 'bought_elsewhere', confidence: 0.8 }, 'bought_elsewhere'],
      ['intrested', 'interested'],
      ['elephant', null],
      [7, null],
      ['', null],
    ] as const
  ).map(([disposition, kept]) => ({
    name: `the disposition ${JSON.stringify(disposition)}`,
    reports: [ends({ endedBy: 'callee', disposition })],
    expected: { disposition: kept, endedBy: 'callee', ...(closing.has(kept ?? '') ? { lead: `failed ${kept}` } : {}) },
  })),
  ...['wrong_number', 'Wrong number', 'galat number', 'wrong person - number belongs to his brother'].map(
    (disposition) => ({
      name: `the disposition ${disposition} ends the lead`,
      reports: [ends({ endedBy: 'agent', disposition })],
      expected: { disposition: 'wrong_number', endedBy: 'agent', lead: 'failed wrong_number' },
    }),
  ),
  ...['do_not_call', 'DNC', 'never call again'].map((disposition) => ({
    name: `the disposition ${disposition} is a wish`,
    reports: [ends({ disposition })],
    expected: { disposition: 'do_not_call', ...never },
  })),
  {
    name: 'a disposition under other names',
    reports: [ends({ call_outcome: 'Bought elsewhere', hangup_by: 'customer' })],
    expected: { disposition: 'bought_elsewhere', endedBy: 'callee', lead: 'failed bought_elsewhere' },
  },
  {
    name: 'two dispositions that disagree: the later counts',
    reports: [learnt({ qualification: {}, disposition: 'wrong_number' }), ends({ disposition: 'not_interested' })],
    expected: { disposition: 'not_interested', lead: 'failed not_interested' },
  },
  {
    name: 'a disposition, and then an end without one',
    reports: [learnt({ qualification: {}, disposition: 'not_interested' }), hungUp],
    expected: { disposition: 'not_interested', endedBy: 'callee', lead: 'failed not_interested' },
  },
  {
    name: 'a language barrier, and the language in a later report',
    reports: [learnt({ qualification: {}, disposition: 'language_barrier' }), ends({ language: 'Tamil' })],
    expected: { disposition: 'language_barrier', language: 'Tamil' },
  },
  {
    name: 'a language, and the barrier in a later report',
    reports: [learnt({ qualification: {}, language: 'ta-IN' }), ends({ disposition: 'language barrier' })],
    expected: { disposition: 'language_barrier', language: 'ta-IN' },
  },
  {
    name: 'a language barrier that names its language',
    reports: [ends({ disposition: 'language_barrier: Marathi' })],
    expected: { disposition: 'language_barrier', language: 'Marathi' },
  },
  {
    name: 'a language as code and name, and one that is none',
    reports: [ends({ disposition: { value: 'language_barrier', language: 'Kannada' }, language: 7 })],
    expected: { disposition: 'language_barrier', language: 'Kannada' },
  },
  {
    name: 'a wrong number beside answers',
    reports: [says(budget), ends({ disposition: 'wrong_number' })],
    expected: { ...given, disposition: 'wrong_number' },
  },
  {
    name: 'a disposition after the end',
    reports: [hungUp, late(ends({ endedBy: 'callee', disposition: 'not_interested' }))],
    expected: { disposition: 'not_interested', endedBy: 'callee' },
  },
  {
    name: 'a wish after the end, and a disposition that says no more',
    reports: [hungUp, late(ends({ doNotCall: 'haan', disposition: 'not_interested' }))],
    expected: { disposition: 'not_interested', endedBy: 'callee', doNotCall: true },
  },
];

const keeps = (more: Record<string, unknown>): Report => asks({ at: tomorrow6, words: 'kal shaam chhe baje', ...more });

const asked: Case[] = [
  ...[
    tomorrow6,
    `${day(1)}T18:00:00`,
    `${day(1)} 18:00`,
    `${day(1)}T18:00+0530`,
    utc(tomorrow6),
    `${day(1)}T18:00:00.000+05:30[Asia/Kolkata]`,
    `${day(1)}T14:30:00+02:00`,
    `${day(1)} 6:00 PM`,
    `${day(1)}T18:00:00 IST`,
    `${day(1).replaceAll('-', '')}T180000+0530`,
    Date.parse(tomorrow6) / 1_000,
    Date.parse(tomorrow6),
    { date: day(1), time: '18:00' },
    { date: day(1), time: '6 pm', timezone: 'Asia/Kolkata' },
    'tomorrow 6 pm',
    'kal shaam chhe baje',
  ].map((at) => ({
    name: `asked for ${JSON.stringify(at)}`,
    reports: [asks({ at }), hungUp],
    expected: { endedBy: 'callee', callbacks: [waits6] },
  })),
  {
    name: 'asked for, with the time under another name, in an object',
    reports: [asks({ callback: { requested_time: tomorrow6, confirmed: 'haan ji' } })],
    expected: { callbacks: [`${waits6} agreed`] },
  },
  {
    name: 'asked for by a day and a time of their own',
    reports: [asks({ date: day(1), time: '18:00', is_confirmed: 1 })],
    expected: { callbacks: [`${waits6} agreed`] },
  },
  {
    name: 'asked for in the last word alone',
    reports: [ends({ by: 'callee', callbackAt: tomorrow6 })],
    expected: { endedBy: 'callee', callbacks: [waits6] },
  },
  {
    name: 'asked for, and repeated in the last word',
    reports: [keeps({ confirmed: true, precision: 'after' }), ends({ callbackAt: tomorrow6 })],
    expected: { callbacks: ['waiting tomorrow 18:00 after agent agreed'] },
  },
  {
    name: 'asked for, and moved in the last word',
    reports: [keeps({ confirmed: true }), ends({ callbackAt: tomorrow7 })],
    expected: { callbacks: ['waiting tomorrow 19:00 exact agent agreed'] },
  },
  {
    name: 'asked for, and said in words in the last word',
    reports: [keeps({ confirmed: true }), ends({ callbackAt: 'later' })],
    expected: { callbacks: [`${waits6} agreed`] },
  },
  {
    name: 'asked of a person, and repeated in the last word',
    reports: [keeps({ keptBy: 'person' }), ends({ callbackAt: tomorrow6 })],
    expected: {
      call: 'called',
      answers: { callback: 'kal shaam chhe baje' },
      lead: 'dispatched',
      callbacks: ['moved to_person tomorrow 18:00 exact person'],
    },
  },
  {
    name: 'asked twice: the later counts',
    reports: [asks({ at: tomorrow7 }), keeps({ confirmed: 'yes' }), hungUp],
    expected: { endedBy: 'callee', callbacks: [`${waits6} agreed`] },
  },
  {
    name: 'asked of a person, and then of the agent',
    reports: [keeps({ keptBy: 'sales team' }), asks({ at: tomorrow7, keptBy: 'voice agent' })],
    expected: { callbacks: ['waiting tomorrow 19:00 exact agent'] },
  },
  {
    name: 'asked of the agent, and then of a person',
    reports: [asks({ at: tomorrow7 }), keeps({ keptBy: 'human' })],
    expected: {
      call: 'called',
      answers: { callback: 'kal shaam chhe baje' },
      lead: 'dispatched',
      callbacks: ['moved to_person tomorrow 18:00 exact person'],
    },
  },
  {
    name: 'asked for by somebody else, for a part of the day',
    reports: [keeps({ askedBy: 'his wife', precision: 'in the evening' })],
    expected: { callbacks: ['waiting tomorrow 18:00 part_of_day agent gatekeeper'] },
  },
  {
    name: 'asked for at no time',
    reports: [asks({ at: null }), hungUp],
    expected: { endedBy: 'callee', callbacks: ['cancelled no_time never exact agent'] },
  },
  {
    name: 'asked for in words that name no time',
    reports: [asks({ at: null, words: 'jab time mile' })],
    expected: { callbacks: ['cancelled no_time never exact agent'] },
  },
  {
    name: 'asked for at no time, in words that name one',
    reports: [asks({ at: null, words: 'kal shaam chhe baje' })],
    expected: { callbacks: [waits6] },
  },
  {
    name: 'asked for at a time that is none, in words that name one',
    reports: [asks({ at: 'not sure', words: 'kal shaam chhe baje' })],
    expected: { callbacks: [waits6] },
  },
  {
    name: 'asked for at a time that is over',
    reports: [asks({ at: on(-1, '18:00') })],
    expected: { callbacks: ['cancelled time_over yesterday 18:00 exact agent'] },
  },
  {
    name: 'asked for at a time of no days of ours',
    reports: [asks({ at: '0001-01-01T00:00:00Z' })],
    expected: { callbacks: ['cancelled no_time never exact agent'] },
  },
  {
    name: 'asked for beside answers',
    reports: [says(budget), asks({ at: tomorrow6 }), hungUp],
    expected: { ...given, lead: 'new', endedBy: 'callee', callbacks: [waits6] },
  },
  {
    name: 'asked for, and then never again',
    reports: [asks({ at: tomorrow6 }), ends({ doNotCall: true })],
    expected: { ...never, callbacks: ['cancelled do_not_call tomorrow 18:00 exact agent'] },
  },
  {
    name: 'asked for in place of a time: never again',
    reports: [asks({ at: 'do not call again' })],
    expected: { ...never, callbacks: ['cancelled do_not_call never exact agent'] },
  },
  {
    name: 'asked for, and the wrong number',
    reports: [asks({ at: tomorrow6 }), ends({ disposition: 'wrong_number' })],
    expected: {
      disposition: 'wrong_number',
      lead: 'failed wrong_number',
      callbacks: ['cancelled wrong_number tomorrow 18:00 exact agent'],
    },
  },
  {
    name: 'asked for beside a disposition that says the same',
    reports: [asks({ at: tomorrow6 }), ends({ disposition: 'callback requested' })],
    expected: { disposition: 'call_later', callbacks: [waits6] },
  },
  {
    name: 'asked of a machine',
    reports: [by({ category: 'screener' }), asks({ at: tomorrow6 })],
    expected: { call: 'failed unanswered', answeredBy: 'screener', callbacks: [waits6] },
  },
  {
    name: 'asked for after the end',
    reports: [hungUp, late(asks({ at: tomorrow6, confirmed: true }))],
    expected: { endedBy: 'callee', callbacks: [`${waits6} agreed`] },
  },
  {
    name: 'asked for, and corrected after the end',
    reports: [asks({ at: tomorrow7 }), hungUp, late(asks({ at: tomorrow6 }))],
    expected: {
      endedBy: 'callee',
      callbacks: ['moved asked_again tomorrow 19:00 exact agent', waits6],
    },
  },
  {
    name: 'asked for, and never again after the end',
    reports: [asks({ at: tomorrow6 }), hungUp, late(ends({ doNotCall: true }))],
    expected: {
      endedBy: 'callee',
      doNotCall: true,
      lead: 'failed do_not_call',
      callbacks: ['cancelled do_not_call tomorrow 18:00 exact agent'],
    },
  },
];

const unreadable: Case[] = [
  {
    name: 'extras that nobody knows, at every depth',
    reports: [
      by({ category: 'human', model: { name: 'x', tokens: [1, 2] }, 'ünknown key': true }),
      says({ ...budget, ['own\u0000brand']: { city: ['Pune'] } }),
      ends({ endedBy: 'callee', usage: { cost: 1.5 }, transcript: ['a', 'b'] }),
    ],
    expected: {
      ...given,
      answers: { ...budget, ownbrand: 'city: Pune' },
      answeredBy: 'human',
      endedBy: 'callee',
    },
  },
  {
    name: 'two ends that disagree: the first ended the talk, and each fact is of the newest that tells it',
    reports: [
      ends({ endedBy: 'agent', disposition: 'interested' }),
      ends({ endedBy: 'callee', callbackAt: tomorrow6 }),
    ],
    expected: { endedBy: 'agent', disposition: 'interested', callbacks: [waits6] },
  },
  {
    name: 'everything of the wrong type',
    reports: [
      by({ category: { a: 1 }, afterMs: [], detail: 7, messageLeft: 'no' }),
      learnt({ mode: 5, qualification: 'none', disposition: [], language: {} }),
      asks({ at: [], words: {}, precision: 4, confirmed: 'maybe', askedBy: [], keptBy: 0 }),
      ends({ endedBy: [], doNotCall: 'nahi', callbackAt: false, disposition: null, language: '' }),
    ],
    expected: { answeredBy: 'uncertain', callbacks: ['cancelled no_time never exact agent'] },
  },
];

export const cases: Case[] = [...whoAnswered, ...became, ...asked, ...unreadable];
