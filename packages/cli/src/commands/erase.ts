import { ask } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { erased, type Erased } from '@leadline/messaging/erase';
import { outputOption, reasonOption, whoOption, yesOption } from '../command-options.ts';
import { confirm } from '../confirm.ts';
import type { Program } from '../program.ts';
import { print, printJson } from '../terminal.ts';
import { whoAndWhy } from '../who-and-why.ts';
import { withNats } from '../with-nats.ts';

/**
 * ingest first: without a number the lead can't be claimed any more. The dispatcher last: the others find the person's
 * calls by the number that it takes away.
 */
const order = ['ingest', 'crm-pusher', 'call-tracker', 'dispatcher'] as const;
const withinMs = 60_000;

export function addErase(program: Program): void {
  program
    .command('erase')
    .summary('erase a person by phone')
    .description(
      'Has each service take a person out of what it owns: leads, deliveries, calls, what was said, agents’ reports, dead ' +
        'letters. Rows, times and minutes stay. Refused while a call goes on or waits for its task; may be repeated.',
    )
    .argument('<phone>', 'an Indian mobile number, however it is written')
    .option('--dry-run', 'only say what would be erased')
    .addOption(reasonOption())
    .addOption(whoOption())
    .addOption(yesOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      `
What is left is told: the entry in the do-not-call list, and the ids of what the CRM holds. See docs/privacy.md.

Examples:
  leadline erase "+91 98765 43210" --dry-run --reason "asked by mail"
  leadline erase "+91 98765 43210" --reason "asked by mail"`,
    )
    .action(async (phone, options, command) => {
      const asked = { phone, ...(await whoAndWhy(options)) };
      const dryRun = options.dryRun === true;
      if (!dryRun) await confirm(`Erase what is known of ${phone}? It can not be undone.`, options);
      const said = await withNats(command.optsWithGlobals(), async (nats) => {
        // All four are asked before the first one erases: a call that goes on stops it here.
        const rehearsed = await eraseAll(nats, { ...asked, dryRun: true });
        return dryRun ? rehearsed : eraseAll(nats, { ...asked, dryRun: false });
      });
      if (options.output === 'json') printJson(said);
      else for (const line of toLines(said, dryRun)) print(line);
    });
}

async function eraseAll(
  nats: Nats,
  asked: { phone: string; who: string; reason: string; dryRun: boolean },
): Promise<Record<string, Erased>> {
  const said: Record<string, Erased> = {};
  for (const service of order) said[service] = await ask(nats, `ops.${service}.erase`, asked, erased, withinMs);
  return said;
}

function toLines(said: Record<string, Erased>, dryRun: boolean): string[] {
  const counts = Object.entries(said).flatMap(([service, { counts: all }]) =>
    Object.entries(all)
      .filter(([, count]) => count > 0)
      .map(
        ([what, count]) => `${service}: ${count} ${what.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}`,
      ),
  );
  return [
    ...(counts.length === 0
      ? ['nothing is known of this number']
      : counts.map((line) => (dryRun ? `would erase of ${line}` : `erased of ${line}`))),
    ...Object.values(said).flatMap(({ left }) => left),
  ];
}
