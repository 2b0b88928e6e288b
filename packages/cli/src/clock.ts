export type Zone = 'ist' | 'utc';

const istOffsetMs = 19_800_000;
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `24 Nov 20:15:30` as a clock in India shows it, or the ISO time in UTC. Fixed arithmetic: India has no summer time. */
export function toClock(at: Date, zone: Zone): string {
  if (zone === 'utc') return `${at.toISOString().slice(0, 19)}Z`;
  const there = new Date(at.getTime() + istOffsetMs);
  const text = there.toISOString();
  return `${text.slice(8, 10)} ${months[there.getUTCMonth()]} ${text.slice(11, 19)}`;
}

/** The day in India: `2026-11-24`. */
export function toDay(at: Date): string {
  return new Date(at.getTime() + istOffsetMs).toISOString().slice(0, 10);
}
