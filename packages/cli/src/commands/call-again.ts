import { callAgain } from '@leadline/contracts/commands/lead';
import { ask } from '@leadline/messaging/ask';
import { readId } from '../arguments.ts';
import { outputOption, reasonOption, whoOption } from '../command-options.ts';
import type { Program } from '../program.ts';
import { print, printJson } from '../terminal.ts';
import { whoAndWhy } from '../who-and-why.ts';
import { withNats } from '../with-nats.ts';

export function addCallAgain(program: Program): void {
  program
    .command('call-again')
    .summary('one more attempt for a failed lead')
    .description(
      'One more attempt for a lead that failed. The dispatcher dials it once window, caps and its number allow it.',
    )
    .argument('<lead>', 'the lead’s id', readId)
    .addOption(reasonOption())
    .addOption(whoOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExamples:\n  leadline call-again 17 --reason "asked for a call by mail"')
    .action(async (leadId, options, command) => {
      const by = await whoAndWhy(options);
      const lead = await withNats(command.optsWithGlobals(), (nats) => ask(nats, callAgain, { leadId, ...by }));
      if (options.output === 'json') printJson(lead);
      else print(`lead ${lead.leadId} is ${lead.status} again; leadline lead ${lead.leadId} shows what happens to it`);
    });
}
