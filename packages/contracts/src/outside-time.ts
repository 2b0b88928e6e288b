import { indianOffsetMinutes } from './indian-time.ts';

/** The one rule for times from outside: years 2000 to 2099 count, others do not. */
export function ofOurDays(at: Date): Date | null {
  const year = at.getUTCFullYear();
  return year >= 2000 && year < 2100 ? at : null;
}

/**
 * `instant`: a plausible time. `out_of_days`: a time, but not in our years. `words`: no time that a program can read.
 */
export type OutsideTime = { kind: 'instant'; at: Date } | { kind: 'out_of_days' } | { kind: 'words' };

/**
 * Reads a time that another program wrote: ISO 8601 with `T` or a space, or seconds or milliseconds since 1970. Without
 * an offset it is Indian time. A day without a time of day is `words`, because nobody said when on that day.
 */
export function readOutsideTime(written: string | number): OutsideTime {
  const text = withSigns(String(written).trim());
  if (/^\d{9,10}(\.\d+)?$/.test(text)) return judge(Number(text) * 1_000);
  if (/^\d{12,13}(\.\d+)?$/.test(text)) return judge(Number(text));
  const match =
    /^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)(?:[T ]|\s+at\s+)(?<hour>\d\d?):(?<minute>\d\d)(?::(?<second>\d\d)(?:[.,](?<fraction>\d+))?)?\s*(?<zone>Z|UTC|GMT|IST|[+-]\d\d?(?::?\d\d)?)?(?:\s*\[[\w/+-]+\])?$/i.exec(
      text,
    );
  if (match?.groups === undefined) return { kind: 'words' };
  const { year = '', month = '', day = '', hour = '', minute = '', second = '0', fraction = '0', zone } = match.groups;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return { kind: 'words' };
  // Date.UTC takes years below 100 as years of the last century.
  if (Number(year) < 1000) return { kind: 'out_of_days' };
  const midnight = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  // Refuses dates such as 31 February.
  if (midnight.getUTCMonth() !== Number(month) - 1 || midnight.getUTCDate() !== Number(day)) return { kind: 'words' };
  const minutes = Number(hour) * 60 + Number(minute) - toOffsetMinutes(zone);
  const ms = Number(second) * 1_000 + Math.floor(Number(`0.${fraction}`) * 1_000);
  return judge(midnight.getTime() + minutes * 60_000 + ms);
}

/** The basic form of ISO 8601, `20261201T180000+0530`, in the extended one. */
function withSigns(text: string): string {
  return text.replace(
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)?(?=\D|$)/i,
    (_whole: string, year: string, month: string, day: string, hour: string, minute: string, second = '00') =>
      `${year}-${month}-${day}T${hour}:${minute}:${second}`,
  );
}

/** The instant of such a text, or null. */
export function toOutsideInstant(written: string | number): Date | null {
  const read = readOutsideTime(written);
  return read.kind === 'instant' ? read.at : null;
}

function judge(ms: number): OutsideTime {
  const at = ofOurDays(new Date(ms));
  return at === null ? { kind: 'out_of_days' } : { kind: 'instant', at };
}

function toOffsetMinutes(zone: string | undefined): number {
  if (zone === undefined || /^ist$/i.test(zone)) return indianOffsetMinutes;
  const [, sign, hours, minutes = '0'] = /^([+-])(\d\d?):?(\d\d)?$/.exec(zone) ?? [];
  if (sign === undefined) return 0;
  return (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1);
}
