import { fromIndianIso, toIndianIso } from '@leadline/contracts/indian-time';

/** The day and the clock that an Indian marketplace writes: no zone beside them. */
export function toIndianTime(at: Date): { day: string; clock: string } {
  const text = toIndianIso(at);
  return { day: text.slice(0, 10), clock: text.slice(11, 19) };
}

/** `day` as YYYY-MM-DD. Undefined: no such time. */
export function fromIndianTime(day: string, clock = '00:00:00'): Date | undefined {
  const at = fromIndianIso(`${day}T${clock}`);
  // A day such as 31 February would be moved on.
  return Number.isNaN(at.getTime()) || !toIndianIso(at).startsWith(day) ? undefined : at;
}
