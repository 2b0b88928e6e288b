import { Option, type Command, type OptionValues } from '@commander-js/extra-typings';
import {
  addSource,
  disableSource,
  listSources,
  rotateSource,
  type ListedSource,
  type SourceConnection,
} from '@leadline/contracts/commands/sources';
import { agentModes } from '@leadline/contracts/qualification';
import { ask } from '@leadline/messaging/ask';
import { toClock } from '../clock.ts';
import { outputOption, readAlias, whoOption, yesOption } from '../command-options.ts';
import { confirm } from '../confirm.ts';
import type { Program } from '../program.ts';
import { paint, print, printJson, tell } from '../terminal.ts';
import { toTable } from '../to-table.ts';
import { whoAsks } from '../who-and-why.ts';
import { withNats } from '../with-nats.ts';

/** `leadline sources add, list, rotate, disable`: who may deliver, and at which address. */
export function addSourceConnections(sources: Command<[], OptionValues, ReturnType<Program['opts']>>): void {
  sources
    .command('add')
    .description('Creates an address for a vendor and shows it once, because only a hash of it is kept.')
    .argument('<source>', 'indiamart, justdial, meta, google, form, zapier, make, tradeindia or exportersindia')
    .option(
      '--secret <text>',
      'the key that the vendor signs with, or that we ask it with (docs/build/lead-sources.md)',
    )
    .option('--access-token <token>', 'Meta: the Page’s token')
    .option('--alias <field=name>', 'the vendor’s own name for a field of ours; repeat it for more', readAlias)
    .addOption(
      new Option('--agent-mode <mode>', 'how the voice agent talks to these leads').choices(agentModes.options),
    )
    .option('--per-minute <count>', 'the most requests in a minute', Number)
    .option('--max-bytes <count>', 'the largest body, in bytes', Number)
    .addOption(whoOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      `
Examples:
  leadline sources add indiamart
  leadline sources add meta --secret "$META_APP_SECRET" --access-token "$META_PAGE_TOKEN"
  leadline sources add form --alias "phone=Your WhatsApp" -o json | jq -r .url`,
    )
    .action(async (source, options, command) => {
      const asked = {
        who: whoAsks(options),
        source,
        secret: options.secret,
        accessToken: options.accessToken,
        aliases: options.alias,
        agentMode: options.agentMode,
        requestsPerMinute: options.perMinute,
        mostBodyBytes: options.maxBytes,
      };
      const added = await withNats(command.optsWithGlobals(), (nats) => ask(nats, addSource, asked));
      show(added, options.output);
    });
  sources
    .command('list')
    .description(
      'Lists every source: its last delivery, the counts of the last 24 hours and, for a vendor that we ask, when we read it last and what is wrong.',
    )
    .addOption(outputOption())
    .action(async (options, command) => {
      const all = await withNats(command.optsWithGlobals(), (nats) => ask(nats, listSources, {}));
      if (options.output === 'json') printJson(all);
      else if (all.length === 0) tell('no source yet: add one with leadline sources add');
      else print(toTable(headers, all.map(toRow)));
    });
  sources
    .command('rotate')
    .description('Replaces the address by a new one. The old one ends at once, or after --keep-old-hours.')
    .argument('<id>', 'as leadline sources list shows it')
    .option('--keep-old-hours <hours>', 'how long the old address still works', Number)
    .addOption(whoOption())
    .addOption(outputOption())
    .action(async (id, options, command) => {
      const asked = { who: whoAsks(options), id, keepOldHours: options.keepOldHours };
      const rotated = await withNats(command.optsWithGlobals(), (nats) => ask(nats, rotateSource, asked));
      show(rotated, options.output);
    });
  sources
    .command('disable')
    .description('Refuses all deliveries at this address. Its leads stay; rotate enables it again.')
    .argument('<id>', 'as leadline sources list shows it')
    .addOption(yesOption())
    .addOption(whoOption())
    .addOption(outputOption())
    .action(async (id, options, command) => {
      const who = whoAsks(options);
      await confirm('Leadline will refuse what its vendor sends from now on. Disable it?', options);
      const done = await withNats(command.optsWithGlobals(), (nats) => ask(nats, disableSource, { who, id }));
      if (options.output === 'json') printJson(done);
      else print(`${id} is ${paint('red', 'disabled')}`);
    });
}

/** Counts of several connections are summed. */
function show(sourceConnection: SourceConnection, form: 'pretty' | 'json'): void {
  if (form === 'json') {
    printJson(sourceConnection);
    return;
  }
  print(`${paint('green', sourceConnection.source)}, ${sourceConnection.id}\n`);
  print('Enter this address at the vendor. It is shown only now, and anybody who knows it can deliver:\n');
  print(`  ${paint('cyan', sourceConnection.url)}\n`);
  if (sourceConnection.secret !== undefined) print(`and this key:\n\n  ${paint('cyan', sourceConnection.secret)}\n`);
  print('Test it; this calls nobody:\n');
  print(`  ${sourceConnection.curl}`);
}

const headers = [
  'id',
  'source',
  'last delivery (IST)',
  'accepted',
  'repeated',
  'rejected',
  'known id, other number',
  'agent',
  '',
  'last read (IST)',
  'what is wrong',
];

function toRow(listedSource: ListedSource): (string | number)[] {
  const toTime = (at: string | null): string => (at === null ? 'never' : toClock(new Date(at), 'ist'));
  const { accepted, repeated, rejected, otherNumbers } = listedSource.lastDay;
  return [
    listedSource.id,
    listedSource.source,
    toTime(listedSource.lastDeliveryAt),
    accepted,
    repeated,
    rejected,
    otherNumbers,
    listedSource.agentMode ?? '',
    listedSource.enabled ? '' : 'disabled',
    listedSource.poll === null ? '' : toTime(listedSource.poll.readAt),
    toTrouble(listedSource),
  ];
}

function toTrouble({ poll, awaited }: ListedSource): string {
  const unread = [
    ...(awaited !== null && awaited.waiting > 0 ? [`${awaited.waiting} leads asked for again`] : []),
    ...(awaited !== null && awaited.givenUp > 0 ? [`${awaited.givenUp} given up`] : []),
  ];
  if (awaited !== null && unread.length > 0) return [awaited.error ?? '', ...unread].join('; ');
  if (poll?.error != null) return poll.error;
  return poll?.blankSince == null ? '' : `empty answers since ${toClock(new Date(poll.blankSince), 'ist')}`;
}
