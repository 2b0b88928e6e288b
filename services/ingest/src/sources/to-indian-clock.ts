const indianOffsetMs = 5.5 * 3_600_000;
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `2026-11-23` in India. */
export function toIndianDay(at: Date): string {
  return shifted(at).slice(0, 10);
}

/** `23-Nov-202611:42:05` in India: IndiaMART wants nothing between the day and the time. */
export function toIndiaMartTime(at: Date): string {
  const text = shifted(at);
  return `${text.slice(8, 10)}-${months[Number(text.slice(5, 7)) - 1]}-${text.slice(0, 4)}${text.slice(11, 19)}`;
}

function shifted(at: Date): string {
  return new Date(at.getTime() + indianOffsetMs).toISOString();
}
