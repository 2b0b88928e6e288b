import { InvalidArgumentError } from '@commander-js/extra-typings';
import { minutes, type MinutesGroups } from '@leadline/contracts/commands/minutes';
import { toIndianDay } from '@leadline/contracts/indian-time';
import { ask } from '@leadline/messaging/ask';
import { outputOption } from '../command-options.ts';
import type { Program } from '../program.ts';
import { paint, print, printJson } from '../terminal.ts';
import { toTable } from '../to-table.ts';
import { withNats } from '../with-nats.ts';

export function addMinutes(program: Program): void {
  program
    .command('minutes')
    .summary('the minutes of a month, by source, mode and day')
    .description('The minutes of an Indian calendar month: every ended call, the old program’s too.')
    .option('--month <month>', 'like 2026-10 (default: this month in India)', readMonth)
    .addOption(outputOption())
    .addHelpText(
      'after',
      `
Minutes are summed unrounded. Old successes without a recorded length count an estimate, shown in a column of its own.

Examples:
  leadline minutes --month 2026-10
  leadline minutes --month 2026-10 -o json | jq '.bySource | map_values(.minutes)'`,
    )
    .action(async (options, command) => {
      const month = options.month ?? toIndianDay(new Date()).slice(0, 7);
      const report = await withNats(command.optsWithGlobals(), (nats) => ask(nats, minutes, { month }, 15_000));
      if (options.output === 'json') {
        printJson(report);
        return;
      }
      print(`${paint('bold', report.month)}: ${fixed(report.minutes)} minutes in ${report.calls} calls`);
      print(`of which ${fixed(report.estimatedMinutes)} estimated; people talked ${fixed(report.talkMinutes)} minutes`);
      const parts: [string, MinutesGroups][] = [
        ['source', report.bySource],
        ['mode', report.byMode],
        ['day', report.byDay],
      ];
      for (const [name, all] of parts) print(`\n${toGroupTable(name, all)}`);
    });
}

function toGroupTable(name: string, all: MinutesGroups): string {
  const rows = Object.entries(all).map(([key, figures]) => [
    key.padEnd(12),
    fixed(figures.minutes).padStart(9),
    fixed(figures.estimatedMinutes).padStart(9),
    fixed(figures.talkMinutes).padStart(9),
    figures.calls,
  ]);
  return toTable([name, '  minutes', 'estimated', '   talked', 'calls'], rows);
}

function fixed(count: number): string {
  return count.toFixed(1);
}

function readMonth(text: string): string {
  if (!/^20\d\d-(0[1-9]|1[0-2])$/.test(text)) throw new InvalidArgumentError('It must look like 2026-10.');
  return text;
}
