const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const indianOffsetMs = 5.5 * 3_600_000;

/**
 * The instant of a time as marketplaces write it: Indian local time without a zone, day first or year first, with or
 * without a time of day. A zone that is written counts; so do seconds or milliseconds since 1970.
 * @returns null for what is no time of our days, such as 1900/01/01
 */
export function toIndianTime(written: string): Date | null {
  const text = written.trim().replaceAll(/\s*:\s*/g, ':');
  if (/^\d{10}$|^\d{13}$/.test(text)) return ofOurDays(new Date(Number(text) * (text.length === 10 ? 1_000 : 1)));
  const found =
    /^(?<first>\d{1,4})[-/. ](?<second>\d{1,2}|[A-Za-z]{3,9})[-/. ,]{1,2}(?<third>\d{4}|\d{1,2})[T, ]*(?<rest>.*)$/.exec(
      text,
    );
  const { first = '', second = '', third = '', rest = '' } = found?.groups ?? {};
  const [year, day] = first.length === 4 ? [first, third] : [third, first];
  const month = /^\d/.test(second) ? Number(second) : months.indexOf(second.slice(0, 3).toLowerCase()) + 1;
  const time = toTimeOfDay(rest);
  if (year.length !== 4 || time === undefined) return null;
  const midnight = Date.UTC(Number(year), month - 1, Number(day));
  // The 31st of February is no day.
  if (new Date(midnight).getUTCMonth() !== month - 1 || new Date(midnight).getUTCDate() !== Number(day)) return null;
  return ofOurDays(new Date(midnight + time.ms - time.offsetMs));
}

function toTimeOfDay(text: string): { ms: number; offsetMs: number } | undefined {
  if (text === '') return { ms: 0, offsetMs: indianOffsetMs };
  const found =
    /^(?<hour>\d{1,2}):(?<minute>\d{2})(?::(?<second>\d{2})(?<fraction>\.\d+)?)? *(?<half>[AaPp]\.?[Mm]\.?)? *(?<zone>IST|Z|UTC|GMT|[+-]\d{2}:?\d{2})?$/i.exec(
      text,
    );
  if (found?.groups === undefined) return undefined;
  const { hour = '', minute = '', second = '0', fraction = '0', half, zone } = found.groups;
  const hours = half === undefined ? Number(hour) : (Number(hour) % 12) + (/^p/i.test(half) ? 12 : 0);
  if (hours > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const ms = ((hours * 60 + Number(minute)) * 60 + Number(second)) * 1_000 + Math.floor(Number(fraction) * 1_000);
  return { ms, offsetMs: toOffsetMs(zone) };
}

function toOffsetMs(zone: string | undefined): number {
  if (zone === undefined || /^ist$/i.test(zone)) return indianOffsetMs;
  const [, sign, hours, minutes] = /^([+-])(\d{2}):?(\d{2})$/.exec(zone) ?? [];
  if (sign === undefined) return 0;
  return (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === '-' ? -1 : 1);
}

function ofOurDays(at: Date): Date | null {
  return at.getUTCFullYear() >= 2000 && at.getUTCFullYear() < 2100 ? at : null;
}
