/** India has one zone, UTC+05:30 all year, so fixed arithmetic is enough. */
export const indianZone = 'Asia/Kolkata';
export const indianOffset = '+05:30';
export const indianOffsetMinutes = 330;
export const indianOffsetMs = indianOffsetMinutes * 60_000;

/** The date and time in India, without a zone: `2026-11-24T20:15:30.250`. */
export function toIndianIso(at: Date): string {
  return new Date(at.getTime() + indianOffsetMs).toISOString().slice(0, -1);
}

/** The Indian day of an instant: `2026-10-31`. 18:30 UTC already belongs to the next day. */
export function toIndianDay(at: Date): string {
  return toIndianIso(at).slice(0, 10);
}

/**
 * The instant of this Indian time: `fromIndianIso('2026-11-24T20:15:30')`. An invalid Date if there is no such time.
 */
export function fromIndianIso(text: string): Date {
  return new Date(`${text}${indianOffset}`);
}

export function isMonth(text: string): boolean {
  return /^20\d\d-(0[1-9]|1[0-2])$/.test(text);
}
