import { parsePhoneNumberFromString as parseAny } from 'libphonenumber-js/max';
import { parsePhoneNumberFromString as parseMobile } from 'libphonenumber-js/mobile';

export type NormalisedPhone =
  /** `phone` in E.164, `+91` and ten digits; `alternates` are further mobiles of the same text. */
  { ok: true; phone: string; alternates: string[] } | { ok: false; reason: PhoneRefusal };

export type PhoneRefusal =
  | 'landline'
  | 'service_number'
  | 'not_indian_mobile'
  | 'foreign'
  | 'unparseable'
  | 'placeholder';

/** What a refusal is called when a text holds several numbers and none is good: the most telling one. */
const tellingFirst: PhoneRefusal[] = [
  'landline',
  'foreign',
  'service_number',
  'placeholder',
  'not_indian_mobile',
  'unparseable',
];

/**
 * The Indian mobile number in a text as people and marketplaces write it: any script's digits, spaces, dashes, 0, 91,
 * 0091 or +91 in front, a label or an extension beside it, several numbers at once (the first good one counts).
 */
export function normalisePhone(text: string): NormalisedPhone {
  const read = toParts(toAscii(text)).map(readOne);
  const phones = [...new Set(read.flatMap((one) => (one.ok ? [one.phone] : [])))];
  const [phone, ...alternates] = phones;
  if (phone !== undefined) return { ok: true, phone, alternates };
  const refusals = read.flatMap((one) => (one.ok ? [] : [one.reason]));
  return { ok: false, reason: tellingFirst.find((reason) => refusals.includes(reason)) ?? 'unparseable' };
}

const label =
  /^(?:tel|telephone|phone|ph|mob|mobile|cell|whats ?app|contact|call)(?: ?(?:no|num|number))?[\s.:#-]*(?=[+(\d])/i;
const extension = /(\d\D*)(?:ext(?:n|ension)?\.?|x|#) ?\d{1,6}$/i;

/** One text a number, without what is written beside it. */
function toParts(text: string): string[] {
  const parts = text
    .replaceAll(/\([a-z .]+\)/gi, ',')
    .split(/[,;/|\n\t&]|\bor\b|\band\b/i)
    .map((part) => part.trim().replace(label, ''))
    .flatMap((part) => splitPair(part))
    .filter((part) => part !== '');
  return parts.length === 0 ? [''] : parts;
}

/** Two mobiles with nothing but a space or a dash between them. */
function splitPair(part: string): string[] {
  const pair = /^((?:\+?91[\s-]?|0)?[6-9]\d{4}[\s-]?\d{5})[\s-]+((?:\+?91[\s-]?|0)?[6-9]\d{4}[\s-]?\d{5})$/.exec(part);
  return pair === null ? [part] : pair.slice(1);
}

function readOne(part: string): { ok: true; phone: string } | { ok: false; reason: PhoneRefusal } {
  const refuse = (reason: PhoneRefusal): { ok: false; reason: PhoneRefusal } => ({ ok: false, reason });
  // Ten digits before it: else the x masks some of them. A spreadsheet's float has lost nothing yet.
  const bare = part
    .replace(/^(.*\d)\.0$/, '$1')
    .replace(extension, (all, before: string, at: number) =>
      part.slice(0, at).replaceAll(/\D/g, '').length >= 9 ? before : all,
    );
  // A letter left inside means that a spreadsheet or a mask got hold of it, and so does a lone digit before a point:
  // 9.87654E+09, 98765xxxxx.
  if (!/^[\d\s()+\-._]+$/.test(bare) || /(^|\D)\d\.\d/.test(bare)) return refuse('unparseable');
  const digits = bare.replaceAll(/\D/g, '');
  if (digits.length < 3) return refuse('unparseable');
  if (/^(\d)\1{5,}$/.test(digits) || digits === '0123456789') return refuse('placeholder');
  const { national, isForeign, hasPrefix } = toNational(bare, digits);
  if (isForeign) return refuse('foreign');
  if (/^(1800|1860|160|140)/.test(national) || national.length <= 6) return refuse('service_number');
  if (/^(\d)\1{9}$/.test(national) || national === '1234567890') return refuse('placeholder');
  if (national.length === 10) {
    const mobile = /^[6-9]/.test(national) ? parseMobile(`+91${national}`) : undefined;
    // Some numbers may be either; then the spelling tells.
    const isMobile = mobile?.country === 'IN' && mobile.isValid();
    if (isMobile && !(hasAreaCode(bare) && typeOf(national) !== 'MOBILE')) return { ok: true, phone: mobile.number };
    if ((hasPrefix || /^[6-9]/.test(national)) && typeOf(national) === 'FIXED_LINE') return refuse('landline');
  }
  return refuse(hasAreaCode(bare) ? 'landline' : 'not_indian_mobile');
}

function typeOf(national: string): string | undefined {
  return parseAny(`+91${national}`)?.getType();
}

/** Without country and trunk prefix. 91 goes only when twelve digits are there, for 91… is a good start of ten. */
function toNational(text: string, digits: string): { national: string; isForeign: boolean; hasPrefix: boolean } {
  const international = /^\s*\(?\s*\+/.test(text) || digits.startsWith('00');
  let national = digits;
  if (international) {
    national = digits.replace(/^0+/, '');
    if (!national.startsWith('91')) return { national, isForeign: true, hasPrefix: true };
    national = national.slice(2);
  } else {
    if (national.startsWith('0') && [11, 13].includes(national.length)) national = national.slice(1);
    if (national.startsWith('91') && national.length >= 12) national = national.slice(2);
  }
  if (national.startsWith('0') && national.length === 11) national = national.slice(1);
  return { national, isForeign: false, hasPrefix: national.length < digits.length };
}

/** A trunk zero, an area code of two to four digits, a gap, and a subscriber's number in one or two groups. */
function hasAreaCode(text: string): boolean {
  return /^\(?(?:\+?91[\s)-]*)?\(?0[1-8]\d{1,3}[\s)-]+\d{2,4}[\s-]?\d{2,5}$/.test(text);
}

/**
 * Whether a text that is no phone field, such as a whole body, holds this number: in any script's digits, with what people
 * write between them, and in JSON's or an address's escapes.
 */
export function mentionsPhone(text: string, phone: string): boolean {
  const digits = toAscii(toUnescaped(text)).replaceAll(/(?<=\d)[\s()+\-._]+(?=\d)/g, '');
  return digits.includes(phone.slice(-10));
}

function toUnescaped(text: string): string {
  return text
    .replaceAll(/\\u([\da-f]{4})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replaceAll(/(?:%[\da-f]{2})+/gi, (escaped) => Buffer.from(escaped.replaceAll('%', ''), 'hex').toString());
}

/** Any script's decimal digits, dashes, dots and spaces as ASCII; invisible marks dropped. */
function toAscii(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  return text
    .normalize('NFKC')
    .replaceAll(/\p{Cf}/gu, '')
    .replaceAll(/[\p{Pd}\u2212]/gu, '-')
    .replaceAll(/[\u00b7\u2022\u2024]/g, '.')
    .replaceAll(/\p{Nd}/gu, (digit) => String(digitValue(digit)));
}

/** Unicode keeps each script's ten digits in one run that begins at zero. */
function digitValue(digit: string): number {
  const code = digit.codePointAt(0) ?? 0;
  let zero = code;
  while (zero > code - 9 && /^\p{Nd}$/u.test(String.fromCodePoint(zero - 1))) zero--;
  // A neighbouring script's run may touch this one from below; ours then begins at a multiple of ten from its start.
  return (code - zero) % 10;
}

/** For people who may not see it: `+91••••••3210`. */
export function maskPhone(phone: string): string {
  return phone.replaceAll(/\d(?=\d{4})/g, '•').replace(/^\+••/, '+91');
}
