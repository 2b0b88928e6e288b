import { Option } from '@commander-js/extra-typings';
import {
  callbackStates,
  cancelCallback,
  listCallbacks,
  moveCallback,
  type CallbackView,
} from '@leadline/contracts/commands/callbacks';
import { toWords } from '@leadline/contracts/to-event-words';
import { ask } from '@leadline/messaging/ask';
import { readCount, readId, readInstant } from '../arguments.ts';
import { toClock } from '../clock.ts';
import { outputOption, reasonOption, whoOption } from '../command-options.ts';
import type { Program } from '../program.ts';
import { print, printJson } from '../terminal.ts';
import { toTable } from '../to-table.ts';
import { whoAndWhy } from '../who-and-why.ts';
import { withNats } from '../with-nats.ts';

export function addCallbacks(program: Program): void {
  const callbacks = program
    .command('callbacks')
    .summary('the times at which buyers are called back: list, move, cancel')
    .description('The times at which buyers asked to be called back, and what became of them.')
    .addHelpText(
      'after',
      `
Examples:
  leadline callbacks list --state waiting
  leadline callbacks move 17 "2026-12-01 18:30" --reason "asked by mail"
  leadline callbacks cancel 17 --reason "bought elsewhere"`,
    );
  callbacks
    .command('list')
    .description('Those that wait, the next first; then those that are over, the newest first.')
    .option('--lead <id>', 'only those of this lead', readId)
    .addOption(new Option('--state <state>', 'only those in this state').choices(callbackStates))
    .option('--limit <n>', 'how many at most', readCount, 50)
    .addOption(outputOption())
    .action(async ({ lead, state, limit, output }, command) => {
      const question = {
        limit,
        ...(lead === undefined ? {} : { leadId: lead }),
        ...(state === undefined ? {} : { state }),
      };
      const { callbacks: found } = await withNats(command.optsWithGlobals(), (nats) =>
        ask(nats, listCallbacks, question),
      );
      if (output === 'json') return printJson(found);
      if (found.length === 0) return print('nobody is to be called back');
      print(toTable(['lead', 'promised (IST)', 'dialled (IST)', 'by', 'state', 'why'], found.map(toRow)));
    });
  callbacks
    .command('move')
    .description('Calls the buyer of a lead back at another time; at night, when the call window opens.')
    .argument('<lead>', 'the lead’s id', readId)
    .argument('<time>', 'the time in India (18:30 today, "2026-12-01 18:30"), or an ISO time', readInstant)
    .addOption(reasonOption())
    .addOption(whoOption())
    .addOption(outputOption())
    .action(async (leadId, at, options, command) => {
      const asked = { leadId, at: at.toISOString(), ...(await whoAndWhy(options)) };
      const moved = await withNats(command.optsWithGlobals(), (nats) => ask(nats, moveCallback, asked));
      if (options.output === 'json') printJson(moved);
      else print(`lead ${leadId} is called back at ${toTime(moved.dueAt)} IST`);
    });
  callbacks
    .command('cancel')
    .description('Does not call the buyer of a lead back. A lead without answers ends with this.')
    .argument('<lead>', 'the lead’s id', readId)
    .addOption(reasonOption())
    .addOption(whoOption())
    .addOption(outputOption())
    .action(async (leadId, options, command) => {
      const asked = { leadId, ...(await whoAndWhy(options)) };
      const cancelled = await withNats(command.optsWithGlobals(), (nats) => ask(nats, cancelCallback, asked));
      if (options.output === 'json') printJson(cancelled);
      else print(`lead ${leadId} is not called back`);
    });
}

function toRow({ leadId, at, dueAt, rangAt, keptBy, state, why }: CallbackView): (string | number | null)[] {
  return [leadId, toTime(at), toTime(rangAt ?? dueAt), keptBy, state, why === null ? null : toWords(why)];
}

function toTime(time: string | null): string | null {
  return time === null ? null : toClock(new Date(time), 'ist');
}
