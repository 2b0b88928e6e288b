import type { MinutesFigures } from '../minutes-rule.ts';

type Line = { day: string; figures: MinutesFigures };

/** A month's days as CSV (RFC 4180), unrounded, for a spreadsheet. */
export function toMinutesCsv(days: readonly Line[]): string {
  const head = [
    'day',
    'calls',
    'answered',
    'qualified',
    'pushed',
    'minutes',
    'estimated_minutes',
    'talk_minutes',
    'pulses',
    'rupees',
    'rupees_per_qualified',
  ];
  const lines = days.map(({ day, figures }) => [
    day,
    figures.calls,
    figures.answered,
    figures.qualified,
    figures.pushed,
    figures.minutes,
    figures.estimatedMinutes,
    figures.talkMinutes,
    figures.pulses,
    figures.rupees,
    figures.rupeesPerQualified ?? '',
  ]);
  return [head, ...lines].map((cells) => `${cells.join(',')}\r\n`).join('');
}
