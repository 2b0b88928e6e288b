import type { z } from 'zod';
import type { callbackAskers, callbackKeepers, callbackPrecisions } from './events/agent-callback-requested.ts';
import { readOutsideTime } from './outside-time.ts';
import { cutText } from './plain-text.ts';
import { withoutSlips } from './slips-between.ts';
import { toAnswerText } from './to-answers.ts';
import type { FieldNote } from './to-agent-report.ts';
import { readWish } from './to-wish.ts';

/** A time to call back as an agent reported it. `at` null: only the words say when. */
export type CallbackAsked = {
  words: string | null;
  at: Date | null;
  precision: z.output<typeof callbackPrecisions>;
  confirmed: boolean;
  askedBy: z.output<typeof callbackAskers>;
  keptBy: z.output<typeof callbackKeepers>;
};

type Field = { pointer: string; value: unknown };
type Named = Record<'words' | 'callback' | 'date' | 'time' | 'precision' | 'confirmed' | 'askedBy' | 'keptBy', Field>;

const maxWordsCharacters = 300;

const precisions: [CallbackAsked['precision'], RegExp][] = [
  ['after', /\b(after|from|since|onwards?|later|earliest)\b/],
  ['part_of_day', /\b(part|approx\w*|around|about|rough\w*|loose|vague|morning|afternoon|evening|night|day)\b/],
  ['exact', /\b(exact\w*|precise\w*|minute|time|sharp|fixed|specific)\b/],
];
const askers: [CallbackAsked['askedBy'], RegExp][] = [
  ['gatekeeper', /\b(gate ?keeper|secretary|reception\w*|assistant|wife|husband|son|family|staff|other|someone)\b/],
  ['buyer', /\b(buyer|callee|user|customer|caller|client|person|lead|human|prospect|contact|self)\b/],
];
const keepers: [CallbackAsked['keptBy'], RegExp][] = [
  ['person', /\b(person|human|sales\w*|team|staff|executive|manager|representative|rep|crm|engineer|expert)\b/],
  ['agent', /\b(agent|assistant|bot|ai|voice|system|self|me)\b/],
];

const vocabulary = new Set(
  `after earliest later onwards exact precise around about morning afternoon evening night gatekeeper secretary reception
   receptionist assistant family staff someone buyer callee customer caller client person human prospect contact sales
   executive manager representative engineer expert agent voice system`.split(/\s+/),
);

/** Reads a request to be called back, each field by itself; what can't be read takes the usual value and is noted. */
export function toCallbackAsked(fields: Named, notes: FieldNote[]): CallbackAsked {
  const told = readCallbackTime(toTimeField(fields), notes);
  const words = toAnswerText(fields.words.value);
  const confirmed = readWish(fields.confirmed.value);
  // Who was not asked plainly has not agreed.
  if (confirmed === 'unclear') {
    notes.push({
      field: 'confirmed',
      pointer: fields.confirmed.pointer,
      outcome: 'guessed',
      detail: 'neither yes nor no; taken as no',
    });
  }
  if (
    words === '' &&
    told.callbackWords === null &&
    told.callbackAt === null &&
    notes.every(({ field }) => field !== 'callbackAt')
  ) {
    notes.push({
      field: 'callbackAt',
      pointer: fields.callback.pointer || '/data',
      outcome: 'dropped',
      detail: 'names neither a time nor words',
    });
  }
  return {
    words: words === '' ? told.callbackWords : cutText(words, maxWordsCharacters),
    at: told.callbackAt,
    precision: toWord('precision', precisions, fields.precision, notes) ?? 'exact',
    confirmed: confirmed === 'yes',
    askedBy: toWord('askedBy', askers, fields.askedBy, notes) ?? 'buyer',
    keptBy: toWord('keptBy', keepers, fields.keptBy, notes) ?? 'agent',
  };
}

function toWord<Word>(
  field: string,
  shapes: readonly [Word, RegExp][],
  { pointer, value }: Field,
  notes: FieldNote[],
): Word | undefined {
  const plain = cutText(toAnswerText(value), maxWordsCharacters)
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ');
  if (plain === '') return undefined;
  const text = withoutSlips(plain, vocabulary);
  const found = shapes.find(([, shape]) => shape.test(text));
  if (found === undefined) notes.push({ field, pointer, outcome: 'dropped', detail: 'can not be read' });
  return found?.[0];
}

/** A time of day alone: "18:00", "6 pm", "6:30 p.m.", "shaam 6 baje". */
const clockOnly =
  /^(?:[a-z]+ )?\d{1,2}(?:[:.]\d{2}){0,2}(?: ?[ap]\.?m\.?| ?(?:hrs?|baje|o.?clock))?(?: ?(?:ist|[+-]\d\d:?\d\d))?$/i;

/** The field of the time; where the day stands in a field of its own, both together: `{ "date": "2026-12-02", "time": "6 pm" }`. */
export function toTimeField({ callback, date, time }: Pick<Named, 'callback' | 'date' | 'time'>): Field {
  if (typeof callback.value === 'object' && callback.value !== null && !Array.isArray(callback.value))
    return { pointer: callback.pointer, value: toTimeOf(callback.value) };
  const day = toAnswerText(date.value);
  if (day === '') return callback;
  const told = toAnswerText(callback.value);
  const clock = told === '' ? toAnswerText(time.value) : told;
  if (clock === '') return date;
  if (!clockOnly.test(clock)) return told === '' ? date : callback;
  return { pointer: told === '' ? time.pointer : callback.pointer, value: `${day} ${clock}` };
}

const namesOfDay = /^(?:date|day)$/i;
const namesOfClock = /^(?:time|clock|time_?of_?day|hour)$/i;
const namesOfInstant = /^(?:at|iso|date_?time|timestamp|when|value|callback_?(?:at|time))$/i;

/** The time that an object tells by its fields; the object itself where it tells it otherwise. */
function toTimeOf(value: object): unknown {
  const find = (name: RegExp): unknown =>
    Object.entries(value).find(([key, told]) => name.test(key) && toAnswerText(told) !== '')?.[1];
  const [day, clock] = [find(namesOfDay), find(namesOfClock)].map((told) => toAnswerText(told));
  const instant = find(namesOfInstant);
  if (instant !== undefined && clock === '') return instant;
  if (clock === '' && day === '') return value;
  return clockOnly.test(clock ?? '') ? `${day} ${clock}`.trim() : clock === '' ? day : clock;
}

/** A time, or else the words for one. */
export function readCallbackTime(
  { pointer, value }: Field,
  notes: FieldNote[],
): { callbackAt: Date | null; callbackWords: string | null } {
  const nothing = { callbackAt: null, callbackWords: null };
  const text = toAnswerText(value);
  if (text === '' || value === false) return nothing;
  const read = readOutsideTime(text);
  switch (read.kind) {
    case 'instant':
      return { callbackAt: read.at, callbackWords: null };
    case 'out_of_days':
      notes.push({ field: 'callbackAt', pointer, outcome: 'dropped', detail: 'not between 2000 and 2099' });
      return nothing;
    case 'words': {
      if (typeof value === 'number' || typeof value === 'boolean') {
        notes.push({ field: 'callbackAt', pointer, outcome: 'dropped', detail: 'can not be read' });
        return nothing;
      }
      const detail = 'no time in ISO 8601; kept as words';
      notes.push({ field: 'callbackAt', pointer, outcome: 'words', detail });
      return { callbackAt: null, callbackWords: cutText(text, maxWordsCharacters) };
    }
  }
}
