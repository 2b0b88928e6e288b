import { ask, CommandUnanswered } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { z } from 'zod';
import { toClock } from '../clock.ts';
import { outputOption, reasonOption, whoOption, yesOption } from '../command-options.ts';
import { confirm } from '../confirm.ts';
import { Unsuccessful } from '../exit-codes.ts';
import type { Program } from '../program.ts';
import { print, printJson, tell } from '../terminal.ts';
import { whoAndWhy } from '../who-and-why.ts';
import { withNats } from '../with-nats.ts';

/** Answers that agents gave since the backup must be heard before the dispatcher decides who is not to be rung again. */
const order = ['ingest', 'call-tracker', 'crm-pusher', 'dispatcher'] as const;
const withinMs = 300_000;

const answers = {
  ingest: z.object({
    events: z.number(),
    lostLeads: z.array(z.number()),
    lostEnquiries: z.array(z.object({ leadId: z.number(), source: z.string(), enquiredAt: z.string() })),
  }),
  'call-tracker': z.object({ events: z.number(), heardAgain: z.number() }),
  'crm-pusher': z.object({ events: z.number() }),
  dispatcher: z.object({
    events: z.number(),
    dialledLeads: z.array(z.number()),
    failedLeads: z.array(z.number()),
    doNotCall: z.number(),
    diallingFrom: z.string().nullable(),
  }),
};

export function addReconcile(program: Program): void {
  program
    .command('reconcile')
    .summary('after a restore: tell the database what the streams know since')
    .description(
      'After Postgres was restored from a backup: moves the sequences past every id in the streams, marks the leads that ' +
        'were dialled since, lists them, and lets publishing and dialling go on. May be repeated.',
    )
    .addOption(reasonOption())
    .addOption(whoOption())
    .addOption(yesOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExamples:\n  leadline reconcile --reason "restored the backup of 2:00"')
    .action(async (options, command) => {
      const by = await whoAndWhy(options);
      await confirm(
        'Was Postgres restored from a backup, and shall the four services take in what the streams know?',
        options,
      );
      // As each service says it: what it lists now it may not list when it is asked once more.
      const tellOf = options.output === 'json' ? tell : print;
      await withNats(command.optsWithGlobals(), async (nats) => {
        const said: Record<string, unknown> = {};
        for (const service of order) {
          tell(`${service} compares its database with the streams`);
          said[service] = await ask(nats, `ops.${service}.reconcile`, by, answers[service], withinMs);
          for (const line of toLines[service](said[service])) tellOf(line);
        }
        const stillUnknown = await lookAgain(nats);
        if (options.output === 'json') printJson({ ...said, stillUnknown });
        for (const line of toEnd(stillUnknown, answers.dispatcher.parse(said['dispatcher']).diallingFrom)) tellOf(line);
        if (stillUnknown !== null && stillUnknown.length > 0) throw new Unsuccessful();
      });
    });
}

/**
 * What the database still does not know, as the claim asks it: subjects whose newest event it lacks. Null where the
 * dispatcher does not say.
 */
async function lookAgain(nats: Nats): Promise<string[] | null> {
  try {
    const answer = z.object({ unknown: z.array(z.string()) });
    return (await ask(nats, 'ops.dispatcher.compare_database', {}, answer, withinMs)).unknown;
  } catch (error) {
    if (error instanceof CommandUnanswered) return null;
    throw error;
  }
}

function toEnd(stillUnknown: string[] | null, diallingFrom: string | null): string[] {
  if (stillUnknown === null)
    return ['the dispatcher does not say whether the database knows everything now: leadline doctor asks it'];
  if (stillUnknown.length > 0)
    return [
      `the newest events of these subjects are still unknown to the database: ${stillUnknown.join(', ')}`,
      'nobody is dialled before they are known (docs/operate/alerts.md, LeadlineDatabaseOlder)',
    ];
  return [
    'looked again: the database knows the newest event of every subject',
    diallingFrom === null
      ? 'dialling goes on'
      : `dialling goes on at ${toClock(new Date(diallingFrom), 'ist')} IST, when the last unknown call has ended`,
  ];
}

const toLines: Record<(typeof order)[number], (said: unknown) => string[]> = {
  ingest: (said) => {
    const { events, lostLeads, lostEnquiries } = answers.ingest.parse(said);
    return [
      `events taken in by ingest: ${events}`,
      `leads that came after the backup and are lost: ${toList(lostLeads)}`,
      `enquiries that joined a lead after the backup and are lost: ${toEnquiryList(lostEnquiries)}`,
    ];
  },
  'call-tracker': (said) => {
    const { events, heardAgain } = answers['call-tracker'].parse(said);
    return [`events taken in by call-tracker: ${events}; reports heard again: ${heardAgain}`];
  },
  'crm-pusher': (said) => [`events taken in by crm-pusher: ${answers['crm-pusher'].parse(said).events}`],
  dispatcher: (said) => {
    const { events, dialledLeads, failedLeads, doNotCall } = answers.dispatcher.parse(said);
    return [
      `events taken in by the dispatcher: ${events}`,
      `leads that were dialled since and are not rung again by themselves: ${toList(dialledLeads)}`,
      `leads that were given up since, and are again: ${toList(failedLeads)}`,
      `numbers that asked since never to be rung: ${doNotCall}`,
    ];
  },
};

function toList(ids: number[]): string {
  return ids.length === 0 ? 'none' : ids.join(', ');
}

function toEnquiryList(lost: z.output<typeof answers.ingest>['lostEnquiries']): string {
  if (lost.length === 0) return 'none';
  return lost
    .map(({ leadId, source, enquiredAt }) => `lead ${leadId} (${source}, ${toClock(new Date(enquiredAt), 'ist')} IST)`)
    .join(', ');
}
