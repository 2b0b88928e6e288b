import { lookUp, plain, type Word } from './words.ts';

/** Phrases, each with single words of the same meaning. */
const sayings: [RegExp, string][] = [
  [/\bday after tomorrow\b|\bday after\b(?! \d)/g, ' parso '],
  [/\bo\W?clock\b/g, ' baje '],
  [/\b2(?:mrw|moro|morrow|mmrw)\b/g, ' kal '],
  [/\b2(day|nite|night)\b/g, ' to$1 '],
  // "Exactly at four", "theek paanch baje".
  [/\b(?:sharp|exactly|precisely)\b|\b(?:theek|thik)(?= [\w]+ (?:baje|bje|bajkar))|ठीक(?= [\p{L}\p{M}\d]+ बजे)/gu, ' '],
  [/\b([ap])\.? ?m\b\.?/g, ' $1m '],
  [/(\d)([ap])m\b/g, '$1 $2m '],
  [/\btonight\b|\btonite\b/g, ' aaj raat '],
  [/\b(?:an? |one |1 )?hour and (?:a )?half\b/g, ' dedh hour '],
  [/\b(?:an?|one|1) and (?:a )?half\b/g, ' dedh '],
  [/\b(\w+) and (?:a )?half (?=hour|day|week|month)/g, ' saadhe $1 '],
  [/\b(\w+) hours and (?:a )?half\b/g, ' saadhe $1 hour '],
  [/(?<![\d.:])(\d{1,2})\.5 ?(?=h(?:ou)?rs?\b|ghant|घंट|days?\b|din\b)/g, ' saadhe $1 '],
  [/\bhalf[ -]?(?:an? )?hour\b/g, ' aadha hour '],
  [/\bin (five|ten|fifteen|twenty|thirty|[1-5]0|[1-4]?5)(?= *$)/g, 'in $1 minute'],
  [/\bshyaa+m\b/g, ' shaam '],
  [/\b(aaj|kal|kl|parso|parson) shyam\b|\bshyam(?= (?:ko|me|mein|tak|ke)\b)/g, ' $1 shaam '],
  [/\b(?:a )?fortnight\b/g, ' 2 week '],
  [/\b(?:the )?end of (?:the |this )?month\b|\bmonth[ -]?(?:ke )?(?:end|last)\b/g, ' monthend '],
  [/\b(?:mahine|mahina|month) ke (?:end|aakhri|akhri|aakhir|akhir|ant|last)\b(?: din| mein| me)?/g, ' monthend '],
  [/महीने के (?:अंत|आखिरी|आखिर|एंड)(?: में| दिन)?/g, ' monthend '],
  // "Busy till four, call after that".
  [/\b(?:till|until|upto|up to)\b(.*?\d.*?)\b(?:after that|afterwards|uske baad|us ke baad|phir|tab)\b/g, ' after $1 '],
  [/\b(?:tak)\b(.*?)\b(?:uske|us ke|iske|is ke) (?:baad|bad)\b/g, ' ke baad $1 '],
  [/तक(?=[\s,])(.*?)(?:उसके|इसके) बाद/g, ' के बाद $1 '],
  [/\b(?:mid|middle)(?: of)?(?: the)? (next|this) week\b/g, ' $1 week wednesday '],
  [/\bend of (?:the |this )?week\b/g, ' this week friday '],
  [/\bweek end\b/g, ' weekend '],
  [/\bnew year(?:s)?(?: day)?\b|\bnaye saal\b|नए साल/g, ' 1 january '],
  // "An hour or so".
  [/\bek[ -]?aadh?\b|एक ?आध/g, ' ek do '],
  [/हाफ (?:एन |ए |एंड )?आवर/g, ' aadha hour '],
  [/\b(?:beginning|start) of (?:the )?(next )?month\b/g, ' $1monthstart '],
  [/\bend of (?:the )?(?:working )?day\b|\bday end\b|\bclose of business\b/g, ' eod '],
  [/\b(?:in )?(?:a |some |after some )?(?:while|bit|time later)\b/g, ' soon '],
  [/\b(?:thodi|thori|kuch|kuchh) (?:der|time)(?: (?:mein|me|baad|bad))?\b|\bafter (?:some|a little) time\b/g, ' soon '],
  [/(?:थोडी|कुछ) देर(?: (?:में|मे|बाद))?/g, ' soon '],
  [/\b(?:a |in a )?few (?:minutes|mins|hours)\b|\bkuch minute\b/g, ' soon '],
  [/\b(?:a )?couple of\b/g, ' 2 '],
  [/\b(?:an? )?hour or (?:two|2)\b/g, ' 1 hour or 2 hour '],
  [/\b(?:nahi|nahin|nai)[ ,]+(?:to|toh)\b|\b(?:or else|otherwise|warna|varna)\b|नहीं तो|नही तो|वरना/g, ' or '],
  [/\bquarter past\b/g, ' sava '],
  [/\bquarter to\b/g, ' paune '],
  [/\bhalf past\b/g, ' saadhe '],
  [/\b(?:a |one )?quarter of an hour\b/g, ' 15 minute '],
  [/\bse (pehle|pahle|phle)\b/g, ' $1 '],
  [/से पहले/g, ' पहले '],
  [/\b(lunch|dinner|breakfast|tea) ?(?:time|break)\b/g, ' $1 '],
  [/(\d) ?ish\b/g, '$1 baje '],
  // No hour has so high a number in a range: a date, as 15-12.
  [/(?<![-./:\d])(1[3-9]|2\d|3[01])-(0?[1-9]|1[0-2])(?![-./:\d])/g, ' $1/$2 '],
  [/\bafter (?:a |the )?meal\b|\b(?:khane|khaane|khana) ke baad\b|खाने के बाद/g, ' lunch ke baad '],
  [/\bfirst half\b|\bpehle half\b/g, ' morning '],
  [/\b(?:second|latter) half\b|\bdusre half\b/g, ' afternoon '],
  [/\b(?:first|1st|pehle) (?:week|hafte)(?: of| mein)?\b/g, ' 1st '],
  [/\b(?:second|2nd) week of\b/g, ' 8th '],
  [/\b(?:third|3rd) week of\b/g, ' 15th '],
  [/\b(?:last|fourth|4th) week of\b/g, ' 25th '],
  // "After 2 hrs" is a delay; "17 hrs" and "1730 hrs" are times.
  [/\b(in|after|aftr|within) ([1-9]|1[0-2]) hrs\b/g, ' $1 $2 hours '],
  [/\b([1-9]|1[0-2]) hrs (baad|bad|later|mein|me|after)\b/g, ' $1 hours $2 '],
  // "Wait ten minutes and call".
  [/\b(minutes?|mins?|ghante|hours?) (?:ruk|thehar) ?(?:ke|kar)\b/g, ' $1 baad '],
  [/(मिनट|घंटे) (?:रुक|ठहर) ?(?:के|कर)/g, ' $1 बाद '],
  [/\blater today\b/g, ' aaj '],
  [/\bthe\b|\bof\b/g, ' '],
];

const piece =
  /(?<year>\d{4})-(?<isoMonth>\d{1,2})-(?<isoDate>\d{1,2})t?|(?<first>\d{1,2})[/.-](?<second>\d{1,2})[/.-](?<third>\d{4}|\d{2})(?!\d)|(?<hour>\d{1,2})[:.](?<minute>\d{2})(?::\d{2})?(?!\d)|(?<date>\d{1,2})\/(?<month>\d{1,2})(?!\d)|(?<ordinal>\d{1,2})(?:st|nd|rd|th)\b|(?<number>\d+)|(?<word>\p{L}[\p{L}\p{M}]*)|(?<comma>[,;.!?\n।])|(?<or>\/)|(?<range>[-\u2010-\u2015&])/gu;

/** The words of a text in one language or several, each with what it can say about a time. */
export function toWords(text: string): Word[] {
  const respelt = sayings.reduce((left, [saying, means]) => left.replaceAll(saying, means), plain(text));
  return [...respelt.matchAll(piece)].map(({ groups = {} }) => toWord(groups));
}

function toWord(found: Record<string, string | undefined>): Word {
  const { year, isoMonth, isoDate, first, second, third, hour, minute, date, month, ordinal, number, word } = found;
  if (year !== undefined) return toDate(Number(isoDate), Number(isoMonth), Number(year));
  if (third !== undefined)
    return toDate(Number(first), Number(second), Number(third.length === 2 ? `20${third}` : third));
  if (hour !== undefined) return toClock(Number(hour), Number(minute));
  if (date !== undefined) return toDate(Number(date), Number(month), null);
  if (ordinal !== undefined) return { kind: 'number', value: Number(ordinal), spelled: 'ordinal' };
  if (number !== undefined) return toNumber(number);
  if (word !== undefined) return lookUp(word);
  return { kind: 'mark', mark: found['comma'] !== undefined ? 'comma' : found['or'] !== undefined ? 'or' : 'range' };
}

/** Day first, as in India; month first only where nothing else is possible. */
function toDate(first: number, second: number, year: number | null): Word {
  return second > 12 && first <= 12
    ? { kind: 'date', date: second, month: first, year }
    : { kind: 'date', date: first, month: second, year };
}

function toClock(hour: number, minute: number): Word {
  if (hour > 24 || minute > 59) return { kind: 'other' };
  return { kind: 'clock', minutes: hour * 60 + minute, sure: hour > 12 || hour === 0 };
}

/** More than four digits are a phone number or a price, but no time. */
function toNumber(digits: string): Word {
  return digits.length > 4 ? { kind: 'other' } : { kind: 'number', value: Number(digits), spelled: 'digits' };
}
