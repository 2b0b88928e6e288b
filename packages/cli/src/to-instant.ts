import { indianOffset, toIndianDay } from '@leadline/contracts/indian-time';

const unitMs: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * The instant that a person means: `15m`, `1h30m` or `2d` before now; `10:30` today in India; a day, or a time without
 * a zone, in India; an ISO time with its zone. Undefined for anything else.
 */
export function toInstant(text: string, now: Date): Date | undefined {
  const ago = toDurationMs(text);
  if (ago !== undefined) return new Date(now.getTime() - ago);
  const clock = /^(\d{1,2}):(\d\d)(?::(\d\d))?$/.exec(text);
  const written =
    clock === null ? text : `${toIndianDay(now)}T${text.padStart(text.length + 2 - (clock[1]?.length ?? 2), '0')}`;
  const parts = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?)?$/.exec(written);
  if (parts === null) return undefined;
  const [, day = '', time = '00:00', zone = indianOffset] = parts;
  const instant = new Date(`${day}T${time}${zone}`);
  return Number.isNaN(instant.getTime()) || !isDay(day) ? undefined : instant;
}

/** `90s`, `15m`, `2h`, `1d`, `1h30m`. Undefined for any other text. */
export function toDurationMs(text: string): number | undefined {
  if (!/^(\d+[smhd])+$/.test(text)) return undefined;
  let ms = 0;
  for (const [, amount = '', unit = ''] of text.matchAll(/(\d+)([smhd])/g)) ms += Number(amount) * (unitMs[unit] ?? 0);
  return ms;
}

/** Date would silently turn 31 February into 3 March. */
function isDay(day: string): boolean {
  return new Date(`${day}T00:00Z`).toISOString().startsWith(day);
}
