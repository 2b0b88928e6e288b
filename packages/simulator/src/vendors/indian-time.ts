/** The day and the clock that an Indian marketplace writes: no zone beside them. */
export function toIndianTime(at: Date): { day: string; clock: string } {
  const shifted = new Date(at.getTime() + indianMs).toISOString();
  return { day: shifted.slice(0, 10), clock: shifted.slice(11, 19) };
}

/** `day` as YYYY-MM-DD. Undefined: no such time. */
export function fromIndianTime(day: string, clock = '00:00:00'): Date | undefined {
  const at = new Date(`${day}T${clock}Z`);
  // A day such as 31 February would be moved on.
  if (Number.isNaN(at.getTime()) || !at.toISOString().startsWith(day)) return undefined;
  return new Date(at.getTime() - indianMs);
}

const indianMs = 5.5 * 3_600_000;
