import { findLabels, toAnswer, toText, wholeName, wholePhone } from './read-answers.ts';
import { isRecord, type Written, type WrittenRecord } from './read-json.ts';

/** A text with all of its names: the question first, then the sender's own names. */
export type Told = { names: string[]; value: string };

/** One object of a delivery: its texts, its path, and the objects in it. */
export type Part = { path: string[]; told: Told[]; parts: Part[] };

/** Names of things that the person did not say, such as headers and the options of a choice. */
const unsaid = /^(?:raw)?_?(?:headers?|cookies?|options|choices|validations?)$/i;

/** Reads a record at any depth. A label with its value is one answer of the object around it, however it is nested. */
export function readParts(record: WrittenRecord): Part {
  return readPart(record, [], findLabels(record));
}

type Labels = ReadonlyMap<string, string>;

function readPart(record: WrittenRecord, path: string[], labels: Labels): Part {
  const part: Part = { path, told: [], parts: [] };
  for (const [key, value] of Object.entries(record)) {
    if (value !== null && !unsaid.test(key)) read(part, key, value, labels);
  }
  return part;
}

function read(part: Part, key: string, value: Written, labels: Labels): void {
  const label = labels.get(key);
  const names = label === undefined ? [key] : [label, key];
  if (Array.isArray(value)) return readList(part, names, value, labels);
  if (!isRecord(value)) return tell(part, names, toText(value));
  const answer = toAnswer(value, names, labels);
  if (answer !== undefined) return tell(part, answer.names, answer.value);
  const whole = wholeName(names, value) ?? wholePhone(names, value);
  if (whole !== undefined) return tell(part, names, whole);
  const inside = Object.entries(value);
  if (inside.length > 0 && inside.every(([inner, item]) => /^\d+$/.test(inner) && isRecord(item)))
    return readList(part, names, Object.values(value), labels);
  part.parts.push(readPart(value, [...part.path, key], labels));
}

function readList(part: Part, names: string[], list: Written[], labels: Labels): void {
  const texts: string[] = [];
  for (const value of list) {
    const text = isRecord(value) ? wholePhone(names, value) : toText(value);
    if (text !== undefined) texts.push(text);
    else if (isRecord(value)) {
      const answer = toAnswer(value, [], labels) ?? toAnswer(value, names, labels);
      if (answer === undefined) part.parts.push(readPart(value, [...part.path, names.at(-1) ?? ''], labels));
      else tell(part, answer.names, answer.value);
    }
  }
  if (texts.length > 0) tell(part, names, texts.filter((text) => text !== '').join(', '));
}

function tell(part: Part, names: string[], value: string | undefined): void {
  if (value !== undefined) part.told.push({ names, value: value.trim() });
}
