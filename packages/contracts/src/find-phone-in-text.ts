import { toAsciiDigits } from './ascii-digits.ts';
import { readIndianNumber } from './indian-number.ts';

/** The ten digits of a mobile in the groups that people write, with a country code or trunk zero in front. */
const candidate =
  /(?<!\d)(?:(?:\(?\+|00)?91[\s).-]{0,2}|\(?0\)?[\s-]?)?[6-9](?:\d{9}|\d{4}[\s-]{1,3}\d{5}|\d{2}[\s.-]\d{3}[\s.-]\d{4}|\d{3}[\s.-]\d{3}[\s.-]\d{3}|\d{3}[\s-]\d{6}|\d{2}[\s-]\d{7}|\d[\s.-]\d{3}[\s.-]\d{3}[\s.-]\d{2})/g;

/** Text before the digits that shows that they are no phone number. */
const otherBefore =
  /(?:[₹$€£@#]|(?<!\p{L})(?:rs|inr|rupees?|price|cost|budget|amount|amt|total|value|worth|order|invoice|bill|inv|ref|reference|ticket|id|query|enquiry|inquiry|lead|complaint|case|booking|docket|awb|tracking|transaction|txn|utr|account|acc?|a\/c|aadhaar|aadhar|uid|gst|gstin|pan|pin|pincode|serial|sr|sl|model|part|item|sku|hsn|code|udyam|policy|date|rupaye|कीमत|दाम|रुपये|रु)(?!\p{L}))[\s.:#=-]*(?:(?<!\p{L})(?:nos?|num|number|id|is|of|was|code|dated?|my|your|the|है)(?!\p{L})[\s.:#=-]*)*$/iu;
const phoneBefore =
  /(?<!\p{L})(?:phone|ph|mobile|mob|cell|whats ?app|wa|contact|call|ring|tel|telephone|reach|m|p|मो|मोबाइल|फोन|फ़ोन|संपर्क|नंबर)(?!\p{L})[^\d\n]{0,24}$/iu;
const otherBehind =
  /^\s*(?:\/-|[%₹]|(?:rs|inr|rupees?|lakhs?|lacs?|crores?|kgs?|tons?|pcs|pieces|units?|nos)(?!\p{L}))/iu;
/** Characters before the digits that make them part of a decimal, an address or a name. */
const joinedBefore = /[\p{L}\d_@&=?%/.,+*#-]$/u;
const joinedBehind = /^(?:[\p{L}\d_@%*]|[.,/:-]\d)/u;
/** A code such as AB-9876543210 is an order's or article's number. */
const numberedBefore = /(?<!\p{L})[A-Z]{1,5}[-/]$/u;
/** Digits that belong to the same number, unless a count with its word follows: "… 5 machines". */
const goesOnBefore = /\d{3}\s$/;
const goesOnBehind = /^\s\d(?!\d{0,2}\s?\p{L})/u;
/** Text between two numbers of one list. */
const listed = /^[\s,;/&|]*(?:(?:or|and|या|और)\s+)?$/i;

const maxCharacters = 20_000;

/**
 * Finds the Indian mobile in a text that people wrote, such as an enquiry's message, plain or HTML. It only accepts a
 * number that is certainly the person's: a single number, or several in one list ("98765 43210 or 98765 43211").
 * Prices, order and tax numbers, dates, URLs and longer numbers never count.
 * @returns the number in E.164 and the others of the list; undefined where there is none, or where it can't tell which
 */
export function findPhoneInText(text: string): { phone: string; alternates: string[] } | undefined {
  const plain = toAsciiDigits(toPlain(text.slice(0, maxCharacters)));
  const lists: string[][] = [];
  let end = Number.NaN;
  for (const match of plain.matchAll(candidate)) {
    const phone = readAt(plain, match, end);
    if (phone === undefined) continue;
    const list = lists.at(-1);
    if (list !== undefined && listed.test(plain.slice(end, match.index))) list.push(phone);
    else lists.push([phone]);
    end = match.index + match[0].length;
  }
  const phones = new Set(lists.flat());
  const [phone, ...alternates] = phones;
  // Numbers in different places may belong to different people.
  const isOne = lists.some((list) => new Set(list).size === phones.size);
  return phone !== undefined && isOne ? { phone, alternates } : undefined;
}

/**
 * The mobile in a match, unless the text around it makes it something else. `listEnd`: the end of the number before it.
 */
function readAt(plain: string, match: RegExpExecArray, listEnd: number): string | undefined {
  const at = match.index;
  const goesOn = listed.test(plain.slice(listEnd, at)) && at - listEnd < 12;
  const before =
    plain
      .slice(Math.max(0, at - 60), at)
      .split('\n')
      .at(-1) ?? '';
  const behind = plain.slice(at + match[0].length);
  const next = /^[\s,;/&|-]{1,3}(?=[+\d])/.exec(behind)?.[0] ?? '';
  const isList = next !== '' && new RegExp(`^${candidate.source}(?!\\d)`).test(behind.slice(next.length));
  const isGrouped = !/\d{10}$/.test(match[0]);
  if (!isList && (joinedBehind.test(behind) || (isGrouped && goesOnBehind.test(behind)))) return undefined;
  if (otherBehind.test(behind)) return undefined;
  // A free-standing dash, and a stop after a label, join nothing.
  const start = before.replace(/(?:^|\s)[-*•]$/u, ' ').replace(/(?<=\p{L}\s?)[.,=*-]$/u, ' ');
  if (!goesOn && (joinedBefore.test(start) || (isGrouped && goesOnBefore.test(start)))) return undefined;
  const isOther = otherBefore.test(before) || numberedBefore.test(before);
  if (!goesOn && isOther && !phoneBefore.test(before)) return undefined;
  const read = readIndianNumber(match[0]);
  return read.ok ? read.phone : undefined;
}

/** Removes HTML tags and addresses; each new block begins a new line. */
function toPlain(text: string): string {
  return text
    .replaceAll(/<(?:script|style)\b[\s\S]*?<\/(?:script|style)>/gi, ' ')
    .replaceAll(/<a\b[^<>]*href=["']?tel:([^"'<>\s]+)[^<>]*>[\s\S]*?<\/a>/gi, ' $1 ')
    .replaceAll(/<\/?(?:br|p|div|li|tr|td|th|h\d|table|ul|ol)\b[^<>]*>/gi, '\n')
    .replaceAll(/<[^<>]*>/g, '')
    .replaceAll(/&(?:nbsp|#160|#xa0);/gi, ' ')
    .replaceAll(/&plus;|&#43;/gi, '+')
    .replaceAll(/https?:\/\/(?:wa\.me\/|api\.whatsapp\.com\/send\/?\?phone=)\+?(\d{10,14})\S*/gi, ' +$1 ')
    .replaceAll(/\b(?:https?:\/\/|www\.)\S+|(?<!\S)\S{1,254}@\S+/gi, ' ');
}
