import { fromIndianIso, toIndianIso } from '@leadline/contracts/indian-time';

/** An Indian marketplace's day and clock, without a zone. */
export function toIndianTime(at: Date): { day: string; clock: string } {
  const text = toIndianIso(at);
  return { day: text.slice(0, 10), clock: text.slice(11, 19) };
}

/** Reads `day` as YYYY-MM-DD. Undefined: there is no such time. */
export function fromIndianTime(day: string, clock = '00:00:00'): Date | undefined {
  const at = fromIndianIso(`${day}T${clock}`);
  // Date would turn 31 February into a day in March.
  return Number.isNaN(at.getTime()) || !toIndianIso(at).startsWith(day) ? undefined : at;
}
