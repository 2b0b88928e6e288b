import {
  discard,
  findDeadLetter,
  listDeadLetters,
  redrive,
  redriveMatching,
  type DeadLetterFilter,
  type DeadLetterView,
  type Redriven,
} from '@leadline/messaging/redrive';
import { Option } from '@commander-js/extra-typings';
import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { readCount, readId, readInstant } from '../arguments.ts';
import { toClock } from '../clock.ts';
import { outputOption, reasonOption, whoOption, yesOption } from '../command-options.ts';
import { confirm } from '../confirm.ts';
import { Unsuccessful, WrongUse } from '../exit-codes.ts';
import type { Program } from '../program.ts';
import { paint, print, printJson, tell } from '../terminal.ts';
import { toTable } from '../to-table.ts';
import { whoAndWhy, whoAsks } from '../who-and-why.ts';
import { withNats } from '../with-nats.ts';

const durableOption = () =>
  new Option('--durable <name>', 'only what this consumer gave up: crm-pusher, call-tracker-agent');
const subjectOption = () => new Option('--subject <subject>', 'only events of this kind: call.qualified');
const becauseOption = () => new Option('--because <text>', 'only reasons that begin with this: malformed');
const sinceOption = () =>
  new Option('--since <time>', 'only those set aside since 15m, 2h, 1d ago, or an instant').argParser(readInstant);

export function addDlq(program: Program): void {
  const dlq = program
    .command('dlq')
    .summary('dead letters: list, show, redrive, discard')
    .description('Dead letters: messages that no service could handle, each kept with its reason.')
    .addHelpText(
      'after',
      `
Examples:
  leadline dlq list
  leadline dlq show 12 -o json | jq .payload > payload.json
  leadline dlq redrive 12 --payload payload.json        sends it back, repaired
  leadline dlq redrive --durable crm-pusher --dry-run   what would go back, and what would be refused
  leadline dlq discard 12 --reason "a test of ours"     nothing is lost by it: what it held back goes on`,
    );
  dlq
    .command('list')
    .description('Lists letters that nobody has sent back or discarded, oldest first.')
    .addOption(durableOption())
    .addOption(subjectOption())
    .addOption(becauseOption())
    .addOption(sinceOption())
    .option('--all', 'also letters that were sent back or discarded')
    .option('--limit <n>', 'list at most this many', readCount, 100)
    .addOption(outputOption())
    .action((options, command) =>
      withNats(command.optsWithGlobals(), async (nats) => {
        const filter = { ...toFilter(options), ...(options.all === true ? {} : { redriven: false }) };
        const letters = await listDeadLetters(nats, filter, options.limit);
        if (options.output === 'json') printJson(letters);
        else if (letters.length === 0) print('no dead letters');
        else {
          print(toLetterTable(letters));
          if (letters.length === options.limit)
            tell(`leadline: there may be more than ${options.limit}: --limit shows more`);
        }
      }),
    );
  dlq
    .command('show')
    .description('Shows one dead letter: its reason, its payload, and whether it was sent back.')
    .argument('<seq>', 'its number in the list', readId)
    .addOption(outputOption())
    .action((seq, options, command) =>
      withNats(command.optsWithGlobals(), async (nats) => {
        const letter = await findDeadLetter(nats, seq);
        if (options.output === 'json') printJson(letter);
        else for (const line of toLetterLines(letter)) print(line);
      }),
    );
  dlq
    .command('redrive')
    .description('Sends one letter, or all that match, back to the consumer that gave it up. Letters stay in the list.')
    .argument('[seq]', 'its number in the list; without it all that match', readId)
    .addOption(durableOption())
    .addOption(subjectOption())
    .addOption(becauseOption())
    .addOption(sinceOption())
    .option('--cap <n>', 'if several match, send back at most this many', readCount, 100)
    .option('--payload <file>', 'a repaired payload in place of the broken one; - reads it from standard input')
    .option('--dry-run', 'only show what it would do')
    .addOption(whoOption())
    .addOption(yesOption())
    .addOption(outputOption())
    .action(async (seq, options, command) => {
      const by = { who: whoAsks(options), dryRun: options.dryRun === true };
      if (seq === undefined && options.payload !== undefined)
        throw new WrongUse('--payload repairs one dead letter: add its number');
      const payload = options.payload === undefined ? undefined : await readPayload(options.payload);
      const filter = toFilter(options);
      if (seq === undefined && !by.dryRun)
        await confirm(`Send back up to ${options.cap} dead letters${toWords(filter)}?`, options);
      const results = await withNats(command.optsWithGlobals(), async (nats) =>
        seq === undefined
          ? redriveMatching(nats, { filter, cap: options.cap, ...by }, toProgress(options.output))
          : [await redrive(nats, { seq, ...by, ...(payload === undefined ? {} : { payload }) })],
      );
      const refused = results.filter(({ outcome }) => outcome === 'refused');
      if (options.output === 'json') printJson(results);
      else print(toSummary(results, refused.length, by.dryRun));
      if (refused.length > 0) throw new Unsuccessful();
    });
  dlq
    .command('discard')
    .description(
      'Marks one letter as done without sending it back. It stays in the stream; if it held a number, that is free again.',
    )
    .argument('<seq>', 'its number in the list', readId)
    .addOption(reasonOption())
    .addOption(whoOption())
    .addOption(outputOption())
    .action(async (seq, options, command) => {
      const by = await whoAndWhy(options);
      const letter = await withNats(command.optsWithGlobals(), (nats) => discard(nats, { seq, ...by }));
      if (options.output === 'json') printJson({ seq, eventId: letter.eventId, outcome: 'discarded' });
      else print(`${letter.subject} ${letter.eventId}: discarded`);
    });
}

type FilterOptions = {
  durable?: string | undefined;
  subject?: string | undefined;
  because?: string | undefined;
  since?: Date | undefined;
};

function toFilter({ durable, subject, because, since }: FilterOptions): DeadLetterFilter {
  return {
    ...(durable === undefined ? {} : { durable }),
    ...(subject === undefined ? {} : { subject }),
    ...(because === undefined ? {} : { reason: because }),
    ...(since === undefined ? {} : { since }),
  };
}

function toWords({ durable, subject, reason, since }: DeadLetterFilter): string {
  return [
    durable === undefined ? '' : ` of ${durable}`,
    subject === undefined ? '' : ` of ${subject}`,
    reason === undefined ? '' : ` with "${reason}"`,
    since === undefined ? '' : ` since ${toClock(since, 'ist')}`,
  ].join('');
}

function toLetterTable(letters: DeadLetterView[]): string {
  return toTable(
    ['no.', 'set aside (IST)', 'consumer', 'event', 'reason', 'sent back'],
    letters.map(({ seq, at, durable, subject, reason, redriven, discarded }) => [
      seq,
      toClock(at, 'ist'),
      durable,
      subject,
      reason.slice(0, 60),
      redriven === undefined
        ? discarded === undefined
          ? ''
          : `discarded by ${discarded.who}`
        : `${redriven.times}×, by ${redriven.who}`,
    ]),
  );
}

function toLetterLines(letter: DeadLetterView): string[] {
  const { redriven } = letter;
  const back =
    redriven === undefined
      ? letter.discarded === undefined
        ? 'never'
        : `never, discarded ${toClock(letter.discarded.at, 'ist')} IST by ${letter.discarded.who}`
      : `${redriven.times} times, last ${toClock(redriven.at, 'ist')} IST by ${redriven.who}`;
  return [
    `${paint('bold', `dead letter ${letter.seq}`)}, set aside ${toClock(letter.at, 'ist')} IST`,
    `  consumer    ${letter.durable}`,
    `  event       ${letter.subject} ${letter.eventId}`,
    `  reason      ${paint('red', letter.reason)}`,
    `  deliveries  ${letter.deliveries}`,
    `  sent back   ${back}`,
    '',
    typeof letter.payload === 'string' ? letter.payload : JSON.stringify(letter.payload, null, 2),
  ];
}

function toProgress(form: 'pretty' | 'json'): (letter: Redriven, no: number, of: number) => void {
  return ({ seq, subject, outcome, because }, no, of) => {
    const what = because === undefined ? outcome.replaceAll('_', ' ') : `${outcome}: ${because}`;
    (form === 'json' ? tell : print)(`${no}/${of}  ${seq}  ${subject}  ${what}`);
  };
}

function toSummary(results: Redriven[], refused: number, dryRun: boolean): string {
  const good = results.length - refused;
  const [only] = results;
  if (only === undefined) return 'no letter matches that nobody has sent back yet';
  const verb = dryRun ? 'would go back' : 'sent back';
  return results.length === 1 && refused === 0
    ? `${only.subject} ${only.eventId}: ${verb}`
    : `${good} ${verb}, ${refused} refused`;
}

async function readPayload(file: string): Promise<unknown> {
  const content = await (file === '-' ? readAll(process.stdin) : readFile(file, 'utf8')).catch((error: unknown) => {
    throw new WrongUse(`--payload: ${file} can't be read`, { cause: error });
  });
  try {
    return JSON.parse(content);
  } catch (error) {
    throw new WrongUse(`--payload: ${file} is not JSON`, { cause: error });
  }
}
