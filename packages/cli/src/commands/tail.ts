import { Option } from '@commander-js/extra-typings';
import { readCount, readId, readInstant } from '../arguments.ts';
import type { Zone } from '../clock.ts';
import { WrongUse } from '../exit-codes.ts';
import { openLineWriter } from '../line-writer.ts';
import { pickStreams } from '../pick-streams.ts';
import type { Program } from '../program.ts';
import { showEvents, type EventsAsked, type Shown } from '../show-events.ts';
import { paint } from '../terminal.ts';
import { toEventLine } from '../to-event-line.ts';
import { withNats } from '../with-nats.ts';

const lastByDefault = 20;

export function addTail(program: Program): void {
  program
    .command('tail')
    .summary('show stored and new events')
    .description(
      'Shows events of leads, calls and agents, and dead letters. Begins with the ' +
        `last ${lastByDefault} and follows.`,
    )
    .argument('[subjects...]', 'only these: call, lead.failed, call.*, "call.>" (default: everything)')
    .option('--since <time>', 'from 15m, 2h or 1d ago, from 10:30 today in India, or from an ISO time', readInstant)
    .option('--last <n>', 'the last n that match', readCount)
    .option('--from-seq <n>', 'from a sequence number on; needs subjects of one stream', readId)
    .option('--lead <id>', 'only one lead, with its calls and what the agent reported', readId)
    .option('--source <name>', 'only leads of one source')
    .option('--failed', 'only failures and dead letters')
    .option('--follow', 'continue with new events (default)', true)
    .option('--no-follow', 'end after the stored ones')
    .addOption(
      new Option('-o, --output <form>', 'a line for people, JSON for jq, or the stored payload')
        .choices(['pretty', 'json', 'raw'] as const)
        .default('pretty' as const),
    )
    .addOption(
      new Option('--time <zone>', 'time shown to people').choices(['ist', 'utc'] as const).default('ist' as const),
    )
    .addHelpText(
      'after',
      `
Examples:
  leadline tail --since 15m                          the last quarter of an hour, then what comes
  leadline tail --lead 17 --since 1d --no-follow     what became of one lead
  leadline tail call --failed                        calls that fail
  leadline tail lead.failed --last 100 --no-follow -o json | jq -r .data.reason | sort | uniq -c`,
    )
    .action((subjects, options, command) =>
      withNats(command.optsWithGlobals(), async (nats) => {
        const streams = pickStreams(subjects);
        const asked: EventsAsked = {
          streams,
          from: readFrom(options, streams.size),
          filter: { leadId: options.lead, source: options.source, isFailed: options.failed },
          follow: options.follow,
        };
        const lines = openLineWriter(process.stdout);
        process.on('exit', () => lines.flush());
        await showEvents(nats, asked, (shown) => lines.write(toLine(shown, options.output, options.time)));
        lines.flush();
      }),
    );
}

function readFrom(
  given: { since?: Date | undefined; last?: number | undefined; fromSeq?: number | undefined },
  streams: number,
): EventsAsked['from'] {
  const { since, last, fromSeq } = given;
  if ([since, last, fromSeq].filter((start) => start !== undefined).length > 1)
    throw new WrongUse('use only one of --since, --last and --from-seq');
  if (fromSeq !== undefined) {
    if (streams > 1)
      throw new WrongUse(
        '--from-seq needs subjects of one stream, because each stream counts its own: add call, for example',
      );
    return { seq: fromSeq };
  }
  return since === undefined ? { last: last ?? lastByDefault } : { since };
}

function toLine({ event, text }: Shown, form: 'pretty' | 'json' | 'raw', zone: Zone): string {
  switch (form) {
    case 'pretty':
      return toEventLine(event, zone, paint);
    case 'json':
      return JSON.stringify(event);
    case 'raw':
      return text;
  }
}
