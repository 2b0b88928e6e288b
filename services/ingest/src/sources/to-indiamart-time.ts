import { toIndianIso } from '@leadline/contracts/indian-time';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `23-Nov-202611:42:05` in Indian time: IndiaMART wants nothing between date and time. */
export function toIndiaMartTime(at: Date): string {
  const text = toIndianIso(at);
  return `${text.slice(8, 10)}-${months[Number(text.slice(5, 7)) - 1]}-${text.slice(0, 4)}${text.slice(11, 19)}`;
}
