import type { ResultOf } from '@leadline/contracts/command';
import { compareDatabase, reconcile } from '@leadline/contracts/commands/reconcile';
import type { PublishingService } from '@leadline/contracts/services';
import type { WhoAndWhy } from '@leadline/contracts/commands/by';
import { ask, CommandUnanswered } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { toClock } from '../clock.ts';
import { outputOption, reasonOption, whoOption, yesOption } from '../command-options.ts';
import { confirm } from '../confirm.ts';
import { Unsuccessful } from '../exit-codes.ts';
import type { Program } from '../program.ts';
import { print, printJson, tell } from '../terminal.ts';
import { whoAndWhy } from '../who-and-why.ts';
import { withNats } from '../with-nats.ts';

const withinMs = 300_000;

export function addReconcile(program: Program): void {
  program
    .command('reconcile')
    .summary('after a restore: store in the database what the streams know since then')
    .description(
      'Run it after you restored Postgres from a backup. It moves the sequences past every id in the streams, marks and ' +
        'lists the leads that were dialled since, and lets publishing and dialling continue. You may repeat it.',
    )
    .addOption(reasonOption())
    .addOption(whoOption())
    .addOption(yesOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExamples:\n  leadline reconcile --reason "restored the backup of 2:00"')
    .action(async (options, command) => {
      const by = await whoAndWhy(options);
      await confirm(
        'Did you restore Postgres from a backup, and shall the four services store what the streams know?',
        options,
      );
      // Print each answer as it comes: a second run may not list the same again.
      const tellOf = options.output === 'json' ? tell : print;
      await withNats(command.optsWithGlobals(), async (nats) => {
        const reconciled = await reconcileAll(nats, by, tellOf);
        const stillUnknown = await lookAgain(nats);
        if (options.output === 'json') printJson({ ...reconciled, stillUnknown });
        for (const line of toEnd(stillUnknown, reconciled.dispatcher.diallingFrom)) tellOf(line);
        if (stillUnknown !== null && stillUnknown.length > 0) throw new Unsuccessful();
      });
    });
}

/**
 * One service after the other, ingest first. The call-tracker must read the agents' reports since the backup before the
 * dispatcher decides whom not to call again.
 */
async function reconcileAll(nats: Nats, by: WhoAndWhy, tellOf: (line: string) => void) {
  const take = async <Result>(
    service: PublishingService,
    asking: () => Promise<Result>,
    toLines: (said: Result) => string[],
  ): Promise<Result> => {
    tell(`${service} compares its database with the streams`);
    const reply = await asking();
    for (const line of toLines(reply)) tellOf(line);
    return reply;
  };
  const ingest = await take('ingest', () => ask(nats, reconcile.ingest, by, withinMs), toIngestLines);
  const tracker = await take(
    'call-tracker',
    () => ask(nats, reconcile['call-tracker'], by, withinMs),
    ({ events, heardAgain }) => [`events stored by call-tracker: ${events}; reports read again: ${heardAgain}`],
  );
  const pusher = await take(
    'crm-pusher',
    () => ask(nats, reconcile['crm-pusher'], by, withinMs),
    ({ events }) => [`events stored by crm-pusher: ${events}`],
  );
  const dispatcher = await take('dispatcher', () => ask(nats, reconcile.dispatcher, by, withinMs), toDispatcherLines);
  return { ingest, 'call-tracker': tracker, 'crm-pusher': pusher, dispatcher };
}

/**
 * Asks for what the database still does not know: subjects whose newest event it lacks. Null if the dispatcher does not
 * say.
 */
async function lookAgain(nats: Nats): Promise<string[] | null> {
  try {
    return (await ask(nats, compareDatabase, {}, withinMs)).unknown;
  } catch (error) {
    if (error instanceof CommandUnanswered) return null;
    throw error;
  }
}

function toEnd(stillUnknown: string[] | null, diallingFrom: string | null): string[] {
  if (stillUnknown === null)
    return ['the dispatcher does not say whether the database knows everything now: run leadline doctor'];
  if (stillUnknown.length > 0)
    return [
      `the newest events of these subjects are still unknown to the database: ${stillUnknown.join(', ')}`,
      'dialling waits until it knows them (docs/operate/alerts.md, LeadlineDatabaseOlder)',
    ];
  return [
    'looked again: the database knows the newest event of every subject',
    diallingFrom === null
      ? 'dialling continues'
      : `dialling continues at ${toClock(new Date(diallingFrom), 'ist')} IST, when the last unknown call has ended`,
  ];
}

type Said<Service extends PublishingService> = ResultOf<(typeof reconcile)[Service]>;

function toIngestLines({ events, lostLeads, lostEnquiries }: Said<'ingest'>): string[] {
  return [
    `events stored by ingest: ${events}`,
    `leads that came after the backup and are lost: ${toList(lostLeads)}`,
    `enquiries that joined a lead after the backup and are lost: ${toEnquiryList(lostEnquiries)}`,
  ];
}

function toDispatcherLines({ events, dialledLeads, failedLeads, doNotCall }: Said<'dispatcher'>): string[] {
  return [
    `events stored by the dispatcher: ${events}`,
    `leads that were dialled since, and are called again only if an operator asks for it: ${toList(dialledLeads)}`,
    `leads that were given up since, and are given up again: ${toList(failedLeads)}`,
    `numbers that asked since never to be called: ${doNotCall}`,
  ];
}

function toList(ids: number[]): string {
  return ids.length === 0 ? 'none' : ids.join(', ');
}

function toEnquiryList(lost: Said<'ingest'>['lostEnquiries']): string {
  if (lost.length === 0) return 'none';
  return lost
    .map(({ leadId, source, enquiredAt }) => `lead ${leadId} (${source}, ${toClock(new Date(enquiredAt), 'ist')} IST)`)
    .join(', ');
}
