import { parsePhoneNumberFromString as parseAny } from 'libphonenumber-js/max';
import mobiles from 'libphonenumber-js/mobile/metadata';
import { z } from 'zod';
import { isSharedWithMobiles, isStdCode } from './std-codes.ts';

export type PhoneRefusal =
  | 'landline'
  | 'service_number'
  | 'not_indian_mobile'
  | 'foreign'
  | 'unparseable'
  | 'placeholder'
  /** A spreadsheet shortened it to 9.87E+09, so digits are lost. */
  | 'scientific_notation';

export type ReadNumber = { ok: true; phone: string } | { ok: false; reason: PhoneRefusal };

/**
 * Reads one written number without words: digits, and what people put between them.
 * @returns the mobile in E.164, or why it is none
 */
export function readIndianNumber(part: string): ReadNumber {
  const refuse = (reason: PhoneRefusal): ReadNumber => ({ ok: false, reason });
  // 9876543210.00 of a spreadsheet has lost nothing.
  const bare = part.replace(/^([^.]*)\.0{1,2}$/, (all, before: string) => (countDigits(before) >= 10 ? before : all));
  // A letter inside shows that somebody masked digits; a lone digit before a point shows a spreadsheet.
  if (!/^[\d\s()+\-._]+$/.test(bare) || /(^|\D)\d\.\d/.test(bare)) return refuse('unparseable');
  const digits = bare.replaceAll(/\D/g, '');
  if (digits.length < 3) return refuse('unparseable');
  if (/^(\d)\1{5,}$/.test(digits) || digits === '0123456789') return refuse('placeholder');
  if (isForeign(bare, digits)) return refuse('foreign');
  const prefix = toPrefix(bare, digits);
  const national = digits.slice(prefix.length);
  if (isService(national) || isService(digits)) return refuse('service_number');
  if (/^(\d)\1{9}$/.test(national) || national === '1234567890') return refuse('placeholder');
  if (national.length !== 10) return refuse(isShortLandline(bare) ? 'landline' : 'not_indian_mobile');
  if (hasStdCode(bare, prefix)) return refuse('landline');
  if (/^[6-9]/.test(national) && !isCityRange(national) && mobilePattern.test(national))
    return { ok: true, phone: `+91${national}` };
  const isFixed = isCityRange(national) || parseAny(`+91${national}`)?.getType() === 'FIXED_LINE';
  return refuse(isFixed && (prefix !== '' || /^[6-9]/.test(national)) ? 'landline' : 'not_indian_mobile');
}

/**
 * libphonenumber's own pattern of India's mobiles. Its `isValid` compiles this pattern, and some thirty of other types and
 * formats, for each number anew, which was a tenth of what a lead costs ingest.
 */
const mobilePattern = new RegExp(`^(?:${patternOf(mobiles.countries.IN)})$`);

/** Toll-free and shared-cost numbers, the series of banks and telemarketers, and short codes. */
function isService(digits: string): boolean {
  return /^(?:000800|1800|1860|160[01]|140)\d*$/.test(digits) || digits.length <= 6;
}

/**
 * A plus or 00 with another country's code. A plus before ten digits that fit no other country, and that are not
 * grouped as after a country code, is a slip for +91.
 */
function isForeign(text: string, digits: string): boolean {
  if (!isInternational(text, digits)) return false;
  const international = digits.replace(/^0+/, '');
  if (international.startsWith('91')) return false;
  const isSlip = /^(?:\+|00)\s?[6-9]\d{3,}\D*\d*$/.test(text.trim()) && international.length === 10;
  return !isSlip || parseAny(`+${international}`)?.isValid() === true;
}

/**
 * The text before the last ten digits, if it is only trunk zeros and country codes, even repeated; else ''. After a
 * plus or 00, 91 is the country, even if fewer digits follow.
 */
function toPrefix(text: string, digits: string): string {
  const prefix = /^((?:0{0,2}91)*0{0,2})\d{10}$/.exec(digits)?.[1] ?? '';
  const isCountryTold = isInternational(text, digits) && !prefix.includes('91');
  return isCountryTold ? (/^0*91/.exec(digits)?.[0] ?? prefix) : prefix;
}

function isInternational(text: string, digits: string): boolean {
  return /^\s*\(?\s*\+/.test(text) || /^00(?!0)/.test(digits);
}

/**
 * Whether the number shows an STD code: a group of its own, followed by a subscriber's number that begins with 2 to 6
 * and makes ten digits. A trunk zero or brackets prove it. Without them the rest must be grouped as a landline's:
 * 987-654-3210 and 9876 543 210 are groups of a mobile, and so is 7232 345678, because mobiles begin with that code
 * too.
 */
function hasStdCode(text: string, prefix: string): boolean {
  let left = prefix.length;
  let trunk = false;
  const groups = (text.match(/\d+/g) ?? []).flatMap((group) => {
    const taken = group.slice(0, left);
    left -= taken.length;
    if (taken.length < group.length) trunk ||= taken.endsWith('0');
    return taken.length === group.length ? [] : [group.slice(taken.length)];
  });
  const [code = '', ...rest] = groups;
  if (rest.length === 0 || !isStdCode(code) || !/^[2-6]/.test(rest.join(''))) return false;
  if (trunk || new RegExp(`\\(\\s*${code}\\s*\\)`).test(text)) return true;
  if (code.length === 4) return rest.length === 1 && !isSharedWithMobiles(code);
  return rest.length === 1 || (code.length === 2 && rest.length === 2 && rest[0]?.length === 4);
}

/** A trunk zero, an STD code, a gap, and a number that is too short. */
function isShortLandline(text: string): boolean {
  const [, code = ''] = /^\(?(?:\+?91[\s)-]*)?\(?0(\d{2,4})[\s)-]+[2-6]\d{1,3}[\s-]?\d{2,5}$/.exec(text) ?? [];
  return isStdCode(code);
}

/**
 * Subscriber numbers in Amravati 721, Akola 724, Kota 744, Bundi 747, Jabalpur 761, Raipur 771 and Kakinada 884.
 * libphonenumber calls them mobile or either, but its own list of operators (resources/carrier/en/91.txt, 9.0.43) has
 * none for them: mobiles there continue with 0, 1, 7, 8, 9. Ahmedabad's 796 and Visakhapatnam's 8912 belong to Vodafone
 * and Airtel too, so for those only a written code decides.
 */
function isCityRange(national: string): boolean {
  return /^(?:7(?:21|24|44|47)|884)[2-6]|^7612|^771(?:[2-4][1-7]|6[1-7])/.test(national);
}

export function countDigits(text: string): number {
  return text.replaceAll(/\D/g, '').length;
}

/** A country's field 11 lists its types of numbers, the second of them mobiles, each with its pattern first. */
function patternOf(country: unknown): string {
  const types = z.array(z.unknown()).parse(country)[11];
  return z.tuple([z.unknown(), z.tuple([z.string()], z.unknown())], z.unknown()).parse(types)[1][0];
}
