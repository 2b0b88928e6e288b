/** India has one zone, UTC+05:30 all year round: fixed arithmetic does. */
export const indianZone = 'Asia/Kolkata';
export const indianOffset = '+05:30';
export const indianOffsetMinutes = 330;
export const indianOffsetMs = indianOffsetMinutes * 60_000;

/** The Indian day of an instant: `2026-10-31`. 18:30 UTC already belongs to the next one. */
export function indianDay(at: Date): string {
  return new Date(at.getTime() + indianOffsetMs).toISOString().slice(0, 10);
}

/** The instant of midnight in India, in which the Indian day of `at` begins. */
export function indianMidnight(at: Date): Date {
  return new Date(`${indianDay(at)}T00:00:00${indianOffset}`);
}

export function isMonth(text: string): boolean {
  return /^20\d\d-(0[1-9]|1[0-2])$/.test(text);
}
