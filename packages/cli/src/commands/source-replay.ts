import type { ReplayChange } from '@leadline/contracts/commands/receipts';
import { readInstant } from '../arguments.ts';
import { outputOption, whoOption } from '../command-options.ts';
import { WrongUse } from '../exit-codes.ts';
import type { Program } from '../program.ts';
import { replayDeliveries, type Replayed } from '../replay-deliveries.ts';
import { paint, print, printJson } from '../terminal.ts';
import { whoAsks } from '../who-and-why.ts';
import { withNats } from '../with-nats.ts';

const changesShown = 50;

export function addSourceReplay(sources: ReturnType<Program['command']>): void {
  sources
    .command('replay')
    .summary('read stored deliveries again with today’s rules')
    .description(
      'Reads stored deliveries with today’s rules, and shows what would change. With --apply, refused deliveries that are ' +
        'readable now become leads, and leads get their new description. Nobody is called a second time for it.',
    )
    .requiredOption('--since <time>', 'from 2h or 3d ago, from a day in India, or from an ISO time', readInstant)
    .option('--source <name>', 'only what one source delivered')
    .option('--apply', 'apply the changes; without it nothing changes')
    .addOption(whoOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      `
Examples:
  leadline sources replay --since 3d                          what would change
  leadline sources replay --since 3d --source indiamart --apply

Deliveries that were refused more than 7 days ago are only reported ("late"): nobody is called for them. A lead that would
get another number today is only reported too. Leadline asks Meta again for leads that it gave up since then.`,
    )
    .action(async (options, command) => {
      const who = whoAsks(options);
      const { since, source } = options;
      if (since > new Date()) throw new WrongUse('--since is in the future: name an earlier time');
      const asked = { who, since, source, apply: options.apply === true };
      const replayed = await withNats(command.optsWithGlobals(), (nats) => replayDeliveries(nats, asked));
      if (options.output === 'json') printJson(replayed);
      else showReplayed(replayed, asked.apply);
    });
}

function showReplayed({ deliveries, changes, askedAgain }: Replayed, applied: boolean): void {
  for (const change of changes.slice(0, changesShown)) print(toLine(change));
  if (changes.length > changesShown) print(`… and ${changes.length - changesShown} more; -o json shows them all`);
  if (askedAgain > 0) {
    const what = applied ? 'are asked for again' : 'would be asked for again; --apply does it';
    print(`${askedAgain} leads that were named and could not be read ${what}`);
  }
  const changing = changes.filter(({ kind }) => kind === 'new_lead' || kind === 'differs').length;
  const what = applied ? `${changing} changed` : `${changing} would change; --apply does it`;
  print(`${deliveries} deliveries read again: ${changing === 0 ? 'nothing to change' : what}`);
}

function toLine(change: ReplayChange): string {
  const about = change.leadId === null ? `receipt ${change.receiptId ?? 'none'}` : `lead ${change.leadId}`;
  return `${change.source.padEnd(16)} ${about.padEnd(20)} ${toWords(change)}`;
}

function toWords({ kind, fields, faults, applied }: ReplayChange): string {
  switch (kind) {
    case 'new_lead':
      return paint('green', applied ? 'is a lead now' : 'would be a lead');
    case 'differs':
      return paint('yellow', `${applied ? 'updated' : 'would update'}:  ${fields.join(', ')}`);
    case 'late':
      return 'would be a lead, and is too old to be called';
    case 'other_number':
      return paint('red', 'has another number today; it stays as it is');
    case 'refused_now':
      return `would be refused today (${faults.map(({ reason }) => reason).join(', ')}); it stays as it is`;
  }
}
