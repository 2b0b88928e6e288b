import { indianOffsetMinutes, indianOffsetMs } from '@leadline/contracts/indian-time';
import { toAsciiDigits } from '@leadline/contracts/ascii-digits';
import { ofOurDays } from '@leadline/contracts/outside-time';

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
/** Day 0 of a spreadsheet, in Indian time: 46356.5 is noon of 30 November 2026. */
const sheetEpochMs = Date.UTC(1899, 11, 30) - indianOffsetMs;

/** Which of the two numbers is the day, in a date whose year comes last. */
export type DateOrder = 'day-first' | 'month-first';

/** Minutes ahead of UTC: the zones of RFC 5322, and India's. Other names are ambiguous or unknown. */
const zones: Record<string, number> = {
  ist: indianOffsetMinutes,
  z: 0,
  ut: 0,
  utc: 0,
  gmt: 0,
  est: -300,
  edt: -240,
  cst: -360,
  cdt: -300,
  mst: -420,
  mdt: -360,
  pst: -480,
  pdt: -420,
};

/**
 * Reads a time as marketplaces, spreadsheets and programs write it: Indian time unless it names a zone; day first (or
 * month first, if the file says so), year first, or with the month's name; with or without a time of day; or as seconds
 * or milliseconds since 1970.
 * @returns null for text that is no recent time, such as 1900/01/01
 */
export function toIndianTime(written: string, order: DateOrder = 'day-first'): Date | null {
  const text = toAsciiDigits(written)
    .trim()
    .replaceAll(/\s*:\s*/g, ':')
    .replace(/^(\d{4})(\d\d)(\d\d)[t ]?(\d\d)(\d\d)(\d\d)(?=z?$)/i, '$1-$2-$3 $4:$5:$6')
    .replace(/^(\d{1,2}:\d\d(?::\d\d)?(?: ?[ap]\.?m\.?)?)[, ]+(\d.*)$/i, '$2 $1');
  if (/^\d{5}(?:\.\d+)?$/.test(text))
    return ofOurDays(new Date(sheetEpochMs + Math.round(Number(text) * 86_400) * 1_000));
  if (/^\d{10}$|^\d{13}$/.test(text)) return ofOurDays(new Date(Number(text) * (text.length === 10 ? 1_000 : 1)));
  const date = readDate(text.replace(/^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[\s,.]+/i, ''), order);
  const time = date && toTimeOfDay(date.rest);
  if (date === undefined || time === undefined) return null;
  const { year, month, day } = date;
  const midnight = new Date(Date.UTC(year, month - 1, day));
  // Refuses dates such as 31 February.
  if (midnight.getUTCMonth() !== month - 1 || midnight.getUTCDate() !== day) return null;
  return ofOurDays(new Date(midnight.getTime() + time.ms - time.offsetMs));
}

const inNumbers =
  /^(\d{1,4})(?:st|nd|rd|th)?[-/. ](\d{1,2}|[a-z]{3,9})[-/. ,]{1,2}(\d{4}|\d{1,2})(?![\d:])[t, ]*(.*)$/i;
const monthsNameFirst = /^([a-z]{3,9})[-/. ](\d{1,2})(?:st|nd|rd|th)?[-/. ,]{1,2}(\d{4})[t, ]*(.*)$/i;

function readDate(
  text: string,
  order: DateOrder,
): { year: number; month: number; day: number; rest: string } | undefined {
  const [, name = '', dayBehind = '', yearBehind = '', tail = ''] = monthsNameFirst.exec(text) ?? [];
  if (name !== '') return { year: Number(yearBehind), month: toMonth(name), day: Number(dayBehind), rest: tail };
  const [, first = '', second = '', third = '', rest = ''] = inNumbers.exec(text) ?? [];
  if (first.length === 4) return { year: Number(first), month: toMonth(second), day: Number(third), rest };
  if (third.length !== 4 && !/^\d\d$/.test(third)) return undefined;
  const swapped = order === 'month-first' && /^\d/.test(second);
  const [month, day] = swapped ? [first, second] : [second, first];
  return { year: Number(third.length === 2 ? `20${third}` : third), month: toMonth(month), day: Number(day), rest };
}

/** 1 to 12; 0 if it is no month. */
function toMonth(written: string): number {
  return /^\d/.test(written) ? Number(written) : months.indexOf(written.slice(0, 3).toLowerCase()) + 1;
}

function toTimeOfDay(text: string): { ms: number; offsetMs: number } | undefined {
  if (text === '') return { ms: 0, offsetMs: indianOffsetMs };
  const match =
    /^(?:at )?(?<hour>\d{1,2}):(?<minute>\d{2})(?::(?<second>\d{2})(?<fraction>\.\d+)?)? *(?<half>[ap]\.?m\.?)? *(?<zone>[a-z]{1,4}|(?:gmt|utc)? ?[+-]\d{1,2}:?\d{2}|(?:gmt|utc) ?[+-]\d{1,2})? *(?:\([a-z ]+\)|\[[a-z/_]+\]|ist|utc|gmt)?$/i.exec(
      text,
    );
  if (match?.groups === undefined) return undefined;
  const { hour = '', minute = '', second = '0', fraction = '0', half, zone } = match.groups;
  const hours = half === undefined ? Number(hour) : (Number(hour) % 12) + (/^p/i.test(half) ? 12 : 0);
  const offsetMs = toOffsetMs(zone);
  if (offsetMs === undefined || hours > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const ms = ((hours * 60 + Number(minute)) * 60 + Number(second)) * 1_000 + Math.floor(Number(fraction) * 1_000);
  return { ms, offsetMs };
}

function toOffsetMs(zone: string | undefined): number | undefined {
  if (zone === undefined) return indianOffsetMs;
  const named = zones[zone.toLowerCase()];
  if (named !== undefined) return named * 60_000;
  const [, sign, hours, minutes = '0'] = /([+-])(\d{1,2}?):?(\d{2})?$/.exec(zone) ?? [];
  if (sign === undefined) return undefined;
  return (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === '-' ? -1 : 1);
}
