import type { Disposition } from './disposition.ts';
import { readNameOfWish } from './name-of-wish.ts';
import { cutText, repairText } from './plain-text.ts';
import { agentSubjects } from './publishers.ts';
import { agentModes, knownAnswerKeys, type AgentMode, type Answers } from './qualification.ts';
import { readOutcome } from './read-outcome.ts';
import { toAnsweredBy, type AnsweredBy } from './to-answered-by.ts';
import { toAnswers, toAnswerText } from './to-answers.ts';
import { readCallbackTime, toCallbackAsked, toTimeField, type CallbackAsked } from './to-callback.ts';
import { readWish } from './to-wish.ts';

/** An agent's report, as far as it is readable. */
export type AgentReport =
  | { type: 'agent.ready'; room: string }
  /** `mode` null: absent or unknown, so the call's own mode counts. */
  | ({ type: 'agent.qualified'; room: string; mode: AgentMode | null; answers: Answers; doNotCall: boolean } & Outcome)
  | ({ type: 'agent.answered_by'; room: string } & AnsweredBy)
  | { type: 'agent.callback_requested'; room: string; callback: CallbackAsked; doNotCall: boolean }
  | ({
      type: 'agent.ended';
      room: string;
      endedBy: EndedBy | null;
      doNotCall: boolean;
      callbackAt: Date | null;
      /** When to call back, in the agent's words, if they are no time that a program can read. */
      callbackWords: string | null;
    } & Outcome);

/** What became of the talk, and the language that the person wants to be spoken to; null: not told. */
export type Outcome = { disposition: Disposition | null; language: string | null };

export type EndedBy = 'callee' | 'agent' | 'error';

/**
 * What happened to a field that we could not take as it came. `field` comes from a closed list and reveals nothing that
 * a person said; `pointer` names the agent's own key.
 */
export type FieldNote = { field: string; pointer: string; outcome: FieldOutcome; detail: string };

/** `guessed`: taken as what the person would rather have. `words`: kept as text. */
export type FieldOutcome = 'dropped' | 'cut' | 'guessed' | 'words';

export type ReadReport =
  | { ok: true; report: AgentReport; notes: FieldNote[] }
  /** A report without a type or a room belongs to no call. */
  | { ok: false; faults: { pointer: string; detail: string }[] };

const reportTypes = agentSubjects;
type ReportType = (typeof reportTypes)[number];

/** All possible values of a note's `field`. */
export const noteFields = [
  'time',
  'mode',
  'qualification',
  'endedBy',
  'doNotCall',
  'callbackAt',
  'confirmed',
  'precision',
  'askedBy',
  'keptBy',
  'category',
  'afterMs',
  'messageLeft',
  'disposition',
  'language',
  ...knownAnswerKeys,
];

const maxRoomCharacters = 256;

/**
 * Reads an agent's report, each field by itself: it drops and notes unreadable fields, and keeps the rest. The same for
 * NATS and HTTP. Never throws; refuses a report only for an unreadable type or room.
 */
export function readAgentReport(type: unknown, data: unknown): ReadReport {
  const known = reportTypes.find((reportType) => reportType === type);
  if (known === undefined) {
    return { ok: false, faults: [{ pointer: '/type', detail: `must be one of ${reportTypes.join(', ')}` }] };
  }
  const report = onlyItem(unpacked(data));
  if (typeof report !== 'object' || report === null || Array.isArray(report)) {
    return { ok: false, faults: [{ pointer: '/data', detail: 'must be an object' }] };
  }
  const fields = toFields(known === 'agent.callback_requested' ? flattened(report) : report);
  const room = typeof fields.room.value === 'string' ? repairText(fields.room.value).trim() : '';
  if (room === '' || room.length > maxRoomCharacters) {
    return { ok: false, faults: [{ pointer: '/data/room', detail: 'must be the text from the job: call-…' }] };
  }
  const notes: FieldNote[] = [];
  return { ok: true, report: toReport(known, room, fields, notes), notes };
}

function toReport(type: ReportType, room: string, fields: Fields, notes: FieldNote[]): AgentReport {
  switch (type) {
    case 'agent.ready':
      return { type, room };
    case 'agent.answered_by': {
      const { answeredBy, faults } = toAnsweredBy({
        category: fields.category.value,
        afterMs: fields.afterMs.value,
        detail: fields.detail.value,
        messageLeft: fields.messageLeft.value,
      });
      for (const fault of faults) notes.push({ ...fault, pointer: fields[fault.field].pointer });
      return { type, room, ...answeredBy };
    }
    case 'agent.qualified': {
      const qualification = toQualification(fields.qualification, notes);
      const ofOutcome = Object.entries(qualification).find(([key, value]) => isOutcome(key, value));
      const answers = toAnswers(
        Object.fromEntries(Object.entries(qualification).filter(([key]) => !isWishKey(key) && key !== ofOutcome?.[0])),
      );
      for (const { key, outcome, detail } of answers.faults) {
        const field = knownAnswerKeys.find((knownAnswerKey) => knownAnswerKey === key) ?? 'qualification';
        notes.push({ field, pointer: `${fields.qualification.pointer}/${toToken(key)}`, outcome, detail });
      }
      const wishes = Object.entries(qualification)
        .filter(([key]) => isWishKey(key))
        .map(([key, value]) => ({ pointer: `${fields.qualification.pointer}/${toToken(key)}`, value }));
      return {
        type,
        room,
        mode: toMode(fields.mode, notes),
        answers: answers.answers,
        ...withWish(
          toOutcome(ofOutcome === undefined ? fields : { ...fields, disposition: toOutcomeField(ofOutcome) }, notes),
          toDoNotCall([...fields.wishes, ...wishes], notes),
        ),
      };
    }
    case 'agent.callback_requested':
      return {
        type,
        room,
        callback: toCallbackAsked(fields, notes),
        doNotCall: toDoNotCall(fields.wishes, notes),
      };
    case 'agent.ended':
      return {
        type,
        room,
        endedBy: toEndedBy(fields.endedBy, notes),
        ...withWish(toOutcome(fields, notes), toDoNotCall(fields.wishes, notes)),
        ...readCallbackTime(toTimeField(fields), notes),
      };
  }
}

type Field = { pointer: string; value: unknown };
type Fields = Record<keyof typeof otherNames, Field> & { wishes: Field[] };

/** Of a time to call back, in a request for one. */
const namesOfTime = [
  'when',
  'datetime',
  'callbackdatetime',
  'nextcallat',
  'nextcalltime',
  'followupat',
  'followuptime',
  'requestedtime',
  'preferredtime',
  'scheduledat',
  'scheduledtime',
  'scheduledfor',
];

const otherNames = {
  room: ['room'],
  mode: ['mode', 'agentmode'],
  qualification: ['qualification', 'answers'],
  endedBy: [
    'endedby',
    'by',
    'hangupby',
    'hungupby',
    'disconnectedby',
    'terminatedby',
    'endreason',
    'endedreason',
    'hangupreason',
    'disconnectreason',
  ],
  callback: ['callbackat', 'callbacktime', 'callback', 'at', ...namesOfTime],
  date: ['date', 'callbackdate', 'day', 'callbackday'],
  time: ['time'],
  words: ['words', 'spoken', 'text', 'phrase', 'said', 'utterance', 'quote', 'callbackwords', 'spokenwords'],
  precision: ['precision'],
  confirmed: ['confirmed', 'isconfirmed', 'readback'],
  askedBy: ['askedby', 'requestedby'],
  keptBy: ['keptby', 'kept'],
  category: [
    'category',
    'answeredby',
    'answeredbycategory',
    'verdict',
    'result',
    'amd',
    'amdresult',
    'amdcategory',
    'amdstatus',
  ],
  afterMs: ['afterms', 'delayms', 'elapsedms'],
  detail: ['detail', 'details', 'reason', 'transcript'],
  messageLeft: ['messageleft', 'leftmessage', 'voicemailleft'],
  disposition: ['disposition', 'calldisposition', 'outcome', 'calloutcome'],
  language: ['language', 'preferredlanguage', 'lang'],
};

/**
 * A field under its own name, or in another language's spelling: `ended_by`. If the first name holds nothing, the next
 * one counts.
 */
function toFields(data: object): Fields {
  const entries = Object.entries(data).map(([key, value]: [string, unknown]) => ({
    key,
    name: toName(key),
    pointer: `/data/${toToken(key)}`,
    value,
  }));
  const find = (names: readonly string[]): Field =>
    names
      .flatMap((name) => entries.filter((entry) => entry.name === name))
      .find(({ value }) => value !== undefined && value !== null) ?? { pointer: '', value: undefined };
  return {
    room: find(otherNames.room),
    mode: find(otherNames.mode),
    qualification: find(otherNames.qualification),
    endedBy: find(otherNames.endedBy),
    callback: find(otherNames.callback),
    date: find(otherNames.date),
    time: find(otherNames.time),
    words: find(otherNames.words),
    precision: find(otherNames.precision),
    confirmed: find(otherNames.confirmed),
    askedBy: find(otherNames.askedBy),
    keptBy: find(otherNames.keptBy),
    category: find(otherNames.category),
    afterMs: find(otherNames.afterMs),
    detail: find(otherNames.detail),
    messageLeft: find(otherNames.messageLeft),
    disposition: find(otherNames.disposition),
    language: find(otherNames.language),
    wishes: [
      ...wishesIn(data, '/data', 0),
      ...entries.filter(({ name, value }) => mayTellWish.has(name) && isWish(value)),
    ],
  };
}

const wrappers = new Set([
  ...otherNames.callback,
  'callbackrequest',
  'callbackrequested',
  'request',
  'payload',
  'data',
]);

/** A request may lie in an object of its own: `{ "room": "call-…", "callback": { "time": "…", "words": "…" } }`. */
function flattened(report: object): object {
  const flat: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(report)) {
    if (!wrappers.has(toName(key)) || typeof value !== 'object' || value === null || Array.isArray(value)) {
      flat[key] = value;
      continue;
    }
    for (const [inner, told] of Object.entries(value)) flat[toName(inner) === 'time' ? 'at' : inner] ??= told;
  }
  return flat;
}

/** Fields in which models put a wish that belongs elsewhere: `callbackAt: "never call again"`, `disposition: "DNC"`. */
const mayTellWish = new Set([
  ...otherNames.callback,
  ...otherNames.words,
  ...otherNames.endedBy,
  ...otherNames.disposition,
  'endreason',
  'endedreason',
]);
const deepestWish = 8;

/** Only the bare wish counts: "do not call on Sundays" is about Sundays. */
function isWish(value: unknown): boolean {
  return typeof value === 'string' && isWishKey(value) && readWish(value) === 'yes';
}

/** Fields with a wish, at any depth of what the agent sent. */
function wishesIn(data: object, pointer: string, depth: number): Field[] {
  return Object.entries(data).flatMap(([key, value]: [string, unknown]) => {
    const at = `${pointer}/${toToken(key)}`;
    if (isWishKey(key)) return [{ pointer: at, value }];
    return typeof value === 'object' && value !== null && depth < deepestWish ? wishesIn(value, at, depth + 1) : [];
  });
}

function isWishKey(key: string): boolean {
  return readNameOfWish(key) === 'no_calls';
}

function toName(key: string): string {
  return key.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');
}

function toMode({ pointer, value }: Field, notes: FieldNote[]): AgentMode | null {
  const text = toAnswerText(value);
  if (text === '') return null;
  const mode = agentModes.options.find((option) => toName(option) === toName(text));
  if (mode === undefined) {
    notes.push({ field: 'mode', pointer, outcome: 'dropped', detail: "not a mode we know; the call's own is taken" });
  }
  return mode ?? null;
}

/** An object of answers, the same as JSON text, or else any text under one key. */
function toQualification({ pointer, value }: Field, notes: FieldNote[]): Record<string, unknown> {
  if (value === undefined || value === null) return {};
  const answers = paired(unpacked(value));
  if (typeof answers === 'object' && answers !== null && !Array.isArray(answers)) return { ...answers };
  const isText = typeof answers === 'string' || Array.isArray(answers);
  const detail = isText ? 'must be an object; kept under the key notes' : 'must be an object';
  if (!isText || toAnswerText(answers) !== '') {
    notes.push({ field: 'qualification', pointer, outcome: isText ? 'words' : 'dropped', detail });
  }
  return isText ? { notes: answers } : {};
}

/** Turns a list of keys with answers into the object that it means; returns anything else unchanged. */
function paired(value: unknown): unknown {
  if (!Array.isArray(value) || value.length === 0) return value;
  const pairs = value.map((item: unknown): [string, unknown] | undefined => {
    if (typeof item !== 'object' || item === null) return undefined;
    const entries = new Map(Object.entries(item).map(([key, field]): [string, unknown] => [toName(key), field]));
    const key = ['key', 'name', 'field', 'label', 'question']
      .map((name) => entries.get(name))
      .find((text) => typeof text === 'string');
    const answer = ['value', 'answer'].find((name) => entries.has(name));
    return typeof key === 'string' && answer !== undefined ? [key, entries.get(answer)] : undefined;
  });
  return pairs.every((pair) => pair !== undefined) ? Object.fromEntries(pairs) : value;
}

function onlyItem(value: unknown): unknown {
  return Array.isArray(value) && value.length === 1 ? value[0] : value;
}

function unpacked(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value;
  try {
    const read: unknown = JSON.parse(repairText(value));
    return read;
  } catch {
    return value;
  }
}

const enders: [EndedBy, RegExp][] = [
  ['error', /\b(error|failure|failed|fault|exception|crash(ed)?|timeout|timed out)\b/],
  ['callee', /\b(callee|user|customer|caller|client|human|person|lead|buyer|participant|contact|prospect|recipient)\b/],
  ['agent', /\b(agent|assistant|bot|ai|model|llm|system|server|worker|us|self)\b/],
];

/** Also knows other platforms' words: `customer-ended-call`, `user_hangup`, `assistant`. */
function toEndedBy({ pointer, value }: Field, notes: FieldNote[]): EndedBy | null {
  const text = toAnswerText(value)
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ');
  if (text === '') return null;
  const ender = enders.find(([, shape]) => shape.test(text));
  if (ender === undefined) notes.push(unreadable('endedBy', pointer));
  return ender?.[0] ?? null;
}

/**
 * One yes among them is a yes. A value that is neither yes nor no counts as yes, because a person can take a number off
 * the list again.
 */
function toDoNotCall(wishes: readonly Field[], notes: FieldNote[]): boolean {
  const byPointer = new Map(wishes.map((field) => [field.pointer, field]));
  const read = [...byPointer.values()].map((field) => ({ ...field, wish: readWish(field.value) }));
  for (const { pointer } of read.filter(({ wish }) => wish === 'unclear')) {
    notes.push({ field: 'doNotCall', pointer, outcome: 'guessed', detail: 'neither yes nor no; taken as yes' });
  }
  return read.some(({ wish }) => wish !== 'no');
}

function toOutcome({ disposition, language }: Fields, notes: FieldNote[]): Outcome {
  const read = readOutcome({ disposition: disposition.value, language: language.value });
  for (const field of read.unread) {
    notes.push(unreadable(field, (field === 'language' && language.pointer) || disposition.pointer));
  }
  return { disposition: read.disposition ?? null, language: read.language ?? null };
}

/** An answer that is none: what became of the talk, which a model wrote beside what was said. */
function isOutcome(key: string, value: unknown): boolean {
  return (
    otherNames.disposition.includes(toName(key)) &&
    readOutcome({ disposition: value, language: undefined }).disposition !== undefined
  );
}

function toOutcomeField([key, value]: [string, unknown]): Field {
  return { pointer: `/data/qualification/${toToken(key)}`, value };
}

function withWish(outcome: Outcome, doNotCall: boolean): Outcome & { doNotCall: boolean } {
  return { ...outcome, doNotCall: doNotCall || outcome.disposition === 'do_not_call' };
}

function unreadable(field: string, pointer: string): FieldNote {
  return { field, pointer, outcome: 'dropped', detail: 'can not be read' };
}

/** A key in a JSON pointer: RFC 6901. */
function toToken(key: string): string {
  return cutText(repairText(key).replaceAll('~', '~0').replaceAll('/', '~1'), 200);
}
