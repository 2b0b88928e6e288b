import { toIndianIso } from '@leadline/contracts/indian-time';

export type Zone = 'ist' | 'utc';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `24 Nov 20:15:30` in Indian time, or the ISO time in UTC. */
export function toClock(at: Date, zone: Zone): string {
  if (zone === 'utc') return `${at.toISOString().slice(0, 19)}Z`;
  const text = toIndianIso(at);
  return `${text.slice(8, 10)} ${months[Number(text.slice(5, 7)) - 1]} ${text.slice(11, 19)}`;
}
