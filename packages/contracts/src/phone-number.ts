import { toAsciiDigits } from './ascii-digits.ts';
import { findPhoneInText } from './find-phone-in-text.ts';
import { countDigits, readIndianNumber, type PhoneRefusal } from './indian-number.ts';

export type NormalisedPhone =
  /** `phone` in E.164, `+91` and ten digits; `alternates` are further mobiles of the same text. */
  { ok: true; phone: string; alternates: string[] } | { ok: false; reason: PhoneRefusal };

/** What a refusal is called when a text holds several numbers and none is good: the most telling one. */
const tellingFirst: PhoneRefusal[] = [
  'landline',
  'foreign',
  'service_number',
  'placeholder',
  'not_indian_mobile',
  'unparseable',
  'scientific_notation',
];

/**
 * The Indian mobile number in a text as people, marketplaces and spreadsheets write it: any script's digits, spaces,
 * dashes, thousands separators; 0, 91, 0091 or +91 in front, also twice; a label or an extension beside it; several
 * numbers at once (the first good one counts). A written STD code makes it a landline, whatever else the digits may be.
 */
export function normalisePhone(text: string): NormalisedPhone {
  const ascii = toAsciiDigits(text.slice(0, maxCharacters));
  const read = toParts(ascii).map(readIndianNumber);
  const phones = [...new Set(read.flatMap((number) => (number.ok ? [number.phone] : [])))];
  const [phone, ...alternates] = phones;
  if (phone !== undefined) return { ok: true, phone, alternates };
  if (scientific.test(ascii)) return { ok: false, reason: 'scientific_notation' };
  const refusals = read.flatMap((number) => (number.ok ? [] : [number.reason]));
  const reason = tellingFirst.find((refusal) => refusals.includes(refusal)) ?? 'unparseable';
  // A sentence may stand in a phone's field: "call after 6 pm on …".
  const inText = reason === 'unparseable' ? findPhoneInText(ascii) : undefined;
  return inText === undefined ? { ok: false, reason } : { ok: true, ...inText };
}

/** More is no field of phones. */
const maxCharacters = 2_000;

/** What a spreadsheet makes of a number: 9.87654E+09. */
const scientific = /(?:^|[\s,;/:])\d(?:[.,]\d+)?e\+?\d{1,2}(?:$|[\s,;/])/i;

/** Words that stand in front of a number without a gap; with one, any word may. */
const attachedLabel = /^(?:tel|telephone|phone|ph|mob|mobile|cell|whats ?app|wa|contact|call|m|p|t)(?=[+(\d])/i;
/** Words and marks in front of a number, behind it, and an extension: none of them has a digit of the number. */
const front = /^[^\d+(]*[^\p{L}\p{M}\d+(](?=[+(\d])/u;
const back = /(?<=\d)(?:[)\s]*[\s:;=(_-]+[^\d+*]*|["'\]>}!.:]+)$/u;
/** The count of a list: `1) …`, `Mobile 2: …`. */
const counted = /^(?:[1-9]\s*[:)]\s*|[1-9]\.\s+|[^\d+(]*\p{L}[^\d+(]*\(?[1-9]\)?\s*[:).=-]\s*)(?=[+(]*\d(?:\D*\d){9})/u;
const extension =
  /[\s,;(-]*(?:(?<![a-z])(?:extension|extn?|xtn)(?![a-z])[\s.:=-]*(?:(?:no|number)(?![a-z]))?|x|#)[\s.:=#-]*\d{1,6}[\s)]*$/i;

/** One text a number, without what is written beside it. */
function toParts(text: string): string[] {
  const whole = withoutThousands(text.trim());
  const parts = whole
    .replace(/^https?:\/\/(?:wa\.me\/|api\.whatsapp\.com\/send\/?\?phone=)(?=\+?\d)/i, '')
    .replace(/@(?:c\.us|s\.whatsapp\.net)$/i, '')
    .replaceAll(/\((?:[^()\d]|\b(?:ext|extn|extension)\b[\s.:]*\d)+\)/gi, ',')
    .split(/[,;/|\n\t&?]|(?<!\p{L})(?:or|and|या|और)(?!\p{L})/iu)
    .map((part) => withoutWords(part.trim()))
    .flatMap((part) => splitPair(part))
    .filter((part) => part !== '');
  return parts.length === 0 ? [''] : parts;
}

/** 9,876,543,210 and 98,76,54,32,10: where no piece between commas could be a number, the commas are a spreadsheet's. */
function withoutThousands(text: string): string {
  const [, number = ''] = /^\D*?(\+?\d{1,3}(?:,\d{2,3}){2,}(?:\.0+)?)\D*$/.exec(text) ?? [];
  const digits = number.replace(/\.0+$/, '').replaceAll(/\D/g, '').length;
  return digits >= 10 && digits <= 13 ? text.replaceAll(/(?<=\d),(?=\d)/g, '') : text;
}

function withoutWords(part: string): string {
  const bare = part
    .replace(attachedLabel, '')
    .replace(counted, '')
    .replace(front, '')
    // With ten digits before it: else an x masks some of them.
    .replace(extension, (all, at: number, whole: string) => (countDigits(whole.slice(0, at)) >= 10 ? '' : all))
    .replace(back, '')
    .trim();
  // Words around fewer digits are no number's label.
  return countDigits(bare) >= 9 ? bare : part.replace(knownLabel, '').trim();
}

const knownLabel =
  /^(?:tel|telephone|phone|ph|mob|mobile|cell|whats ?app|contact|call)(?: ?(?:no|num|number))?[\s.:#-]*(?=[+(\d])/i;

/** Two mobiles with nothing but a space or a dash between them. */
function splitPair(part: string): string[] {
  const pair = /^((?:\+?91[\s-]?|0)?[6-9]\d{4}[\s-]?\d{5})[\s-]+((?:\+?91[\s-]?|0)?[6-9]\d{4}[\s-]?\d{5})$/.exec(part);
  return pair === null ? [part] : pair.slice(1);
}

/**
 * Whether a text that is no phone field, such as a whole body, holds this number: in any script's digits, with what people
 * write between them, and in JSON's or an address's escapes.
 */
export function mentionsPhone(text: string, phone: string): boolean {
  const digits = toAsciiDigits(toUnescaped(text)).replaceAll(/(?<=\d)[\s()+\-._]+(?=\d)/g, '');
  return digits.includes(phone.slice(-10));
}

function toUnescaped(text: string): string {
  return text
    .replaceAll(/\\u([\da-f]{4})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replaceAll(/(?:%[\da-f]{2})+/gi, (escaped) => Buffer.from(escaped.replaceAll('%', ''), 'hex').toString());
}

/** For people who may not see it: `+91••••••3210`. */
export function maskPhone(phone: string): string {
  return phone.replaceAll(/\d(?=\d{4})/g, '•').replace(/^\+••/, '+91');
}
