/** India has one zone, UTC+05:30 all year round: fixed arithmetic does. */
export const indianZone = 'Asia/Kolkata';
export const indianOffset = '+05:30';
export const indianOffsetMinutes = 330;
export const indianOffsetMs = indianOffsetMinutes * 60_000;

/** What a calendar and a clock in India show: `2026-11-24T20:15:30.250`, without a zone. */
export function toIndianIso(at: Date): string {
  return new Date(at.getTime() + indianOffsetMs).toISOString().slice(0, -1);
}

/** The Indian day of an instant: `2026-10-31`. 18:30 UTC already belongs to the next one. */
export function toIndianDay(at: Date): string {
  return toIndianIso(at).slice(0, 10);
}

/** The instant at which a clock in India shows this: `fromIndianIso('2026-11-24T20:15:30')`. Invalid where none does. */
export function fromIndianIso(text: string): Date {
  return new Date(`${text}${indianOffset}`);
}

export function isMonth(text: string): boolean {
  return /^20\d\d-(0[1-9]|1[0-2])$/.test(text);
}
