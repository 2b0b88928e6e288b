import { erase, type EraseAsked, type Erased } from '@leadline/contracts/commands/erase';
import { ask } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { outputOption, reasonOption, whoOption, yesOption } from '../command-options.ts';
import { confirm } from '../confirm.ts';
import type { Program } from '../program.ts';
import { print, printJson, tell } from '../terminal.ts';
import { whoAndWhy } from '../who-and-why.ts';
import { withNats } from '../with-nats.ts';

/**
 * Ingest first: a lead without a number can't be claimed any more. The dispatcher last: the others find the person's
 * calls by the number that it removes.
 */
const order = ['ingest', 'crm-pusher', 'call-tracker', 'dispatcher'] as const;
const withinMs = 60_000;

export function addErase(program: Program): void {
  program
    .command('erase')
    .summary('erase a person by phone')
    .description(
      'Each service removes the person from its data: leads, deliveries, calls, answers, agents’ reports, dead ' +
        'letters. Rows, times and minutes stay. Refused during a call, and while one waits for its task. You may repeat it.',
    )
    .argument('<phone>', 'an Indian mobile number, in any form')
    .option('--dry-run', 'only show what it would erase')
    .addOption(reasonOption())
    .addOption(whoOption())
    .addOption(yesOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      `
It lists what is left: the entry in the do-not-call list, and the ids of what the CRM holds. See docs/operate/privacy.md.

Examples:
  leadline erase "+91 98765 43210" --dry-run --reason "asked by mail"
  leadline erase "+91 98765 43210" --reason "asked by mail"`,
    )
    .action(async (phone, options, command) => {
      const asked = { phone, ...(await whoAndWhy(options)) };
      const dryRun = options.dryRun === true;
      if (!dryRun) await confirm(`Erase everything about ${phone}? This can not be undone.`, options);
      // Print each answer as it comes: only the number finds what the CRM holds, so an interrupted run must have shown
      // it.
      const tellOf = options.output === 'json' ? tell : print;
      const erased = await withNats(command.optsWithGlobals(), async (nats) => {
        // Rehearse with all four before the first one erases, so that a call in progress stops us here.
        const rehearsed = await eraseAll(nats, { ...asked, dryRun: true }, dryRun ? tellOf : undefined);
        return dryRun ? rehearsed : eraseAll(nats, { ...asked, dryRun: false }, tellOf);
      });
      if (options.output === 'json') printJson(erased);
      else if (Object.values(erased).every(({ counts }) => Object.values(counts).every((count) => count === 0)))
        print('nothing to erase for this number');
    });
}

async function eraseAll(
  nats: Nats,
  asked: EraseAsked,
  tellOf: ((line: string) => void) | undefined,
): Promise<Record<string, Erased>> {
  const answers: Record<string, Erased> = {};
  for (const service of order) {
    const answer = await ask(nats, erase[service], asked, withinMs);
    if (tellOf !== undefined) for (const line of toLines(service, answer, asked.dryRun)) tellOf(line);
    answers[service] = answer;
  }
  return answers;
}

function toLines(service: string, { counts, left }: Erased, dryRun: boolean): string[] {
  const what = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}`);
  return [...what.map((line) => `${dryRun ? 'would erase' : 'erased'} of ${service}: ${line}`), ...left];
}
