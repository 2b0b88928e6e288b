import {
  addDoNotCall,
  findDoNotCall,
  removeDoNotCall,
  type DoNotCallState,
} from '@leadline/contracts/commands/do-not-call';
import { ask } from '@leadline/messaging/ask';
import { toClock } from '../clock.ts';
import { outputOption, reasonOption, whoOption } from '../command-options.ts';
import type { Program } from '../program.ts';
import { paint, print, printJson } from '../terminal.ts';
import { whoAndWhy } from '../who-and-why.ts';
import { withNats } from '../with-nats.ts';

export function addDoNotCallCommand(program: Program): void {
  const list = program
    .command('do-not-call')
    .summary('the numbers that we never call: add, remove, show')
    .description('The numbers that we never call, whatever lead they come in.')
    .addHelpText(
      'after',
      `
Examples:
  leadline do-not-call add "+91 98765 43210" --reason "asked by mail"
  leadline do-not-call show 9876543210 -o json | jq .onTheList`,
    );
  list
    .command('add')
    .description('Puts a number on the list; from then on nobody calls it.')
    .argument('<phone>', 'an Indian mobile number, in any form')
    .addOption(reasonOption())
    .addOption(whoOption())
    .addOption(outputOption())
    .action(async (phone, options, command) => {
      const asked = { phone, ...(await whoAndWhy(options)) };
      show(await withNats(command.optsWithGlobals(), (nats) => ask(nats, addDoNotCall, asked)), options.output);
    });
  list
    .command('remove')
    .description('Removes a number, and overrides what the person said in earlier calls: you are responsible for that.')
    .argument('<phone>', 'an Indian mobile number, in any form')
    .addOption(reasonOption())
    .addOption(whoOption())
    .addOption(outputOption())
    .action(async (phone, options, command) => {
      const asked = { phone, ...(await whoAndWhy(options)) };
      show(await withNats(command.optsWithGlobals(), (nats) => ask(nats, removeDoNotCall, asked)), options.output);
    });
  list
    .command('show')
    .description('Shows whether a number is on the list, since when and why.')
    .argument('<phone>', 'an Indian mobile number, in any form')
    .addOption(outputOption())
    .action(async (phone, options, command) =>
      show(await withNats(command.optsWithGlobals(), (nats) => ask(nats, findDoNotCall, { phone })), options.output),
    );
}

function show(said: DoNotCallState, form: 'pretty' | 'json'): void {
  if (form === 'json') printJson(said);
  else if (!said.onTheList) print(`not on the list: it ${paint('green', 'may be called')}`);
  else {
    const since = said.since === null ? '' : ` since ${toClock(new Date(said.since), 'ist')} IST`;
    print(`on the list${since}: it is ${paint('red', 'never called')} (${said.reason ?? 'no reason given'})`);
  }
}
