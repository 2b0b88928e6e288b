import type { Explanation } from '@leadline/contracts/commands/lead';
import { toNotDialledWords, whyNotDialled } from '@leadline/contracts/not-dialled';
import { readId } from '../arguments.ts';
import { toClock } from '../clock.ts';
import { outputOption } from '../command-options.ts';
import { Unsuccessful } from '../exit-codes.ts';
import type { Program } from '../program.ts';
import { readLeadStory, type LeadStory } from '../read-lead-story.ts';
import { paint, print, printJson, tell } from '../terminal.ts';
import { toPaintedWords } from '../to-event-line.ts';
import { withNats } from '../with-nats.ts';

export function addLead(program: Program): void {
  program
    .command('lead')
    .summary('one lead: why it was or was not called')
    .description(
      'Shows one lead from its delivery to the CRM: attempts, every event with its time in India, what it waits for, and ' +
        'what the dispatcher would decide now.',
    )
    .argument('<id>', 'the lead’s id', readId)
    .addOption(outputOption())
    .addHelpText(
      'after',
      `
Examples:
  leadline lead 17
  leadline lead 17 -o json | jq .explanation`,
    )
    .action(async (id, options, command) => {
      const story = await withNats(command.optsWithGlobals(), (nats) => readLeadStory(nats, id));
      if (story === undefined) {
        tell(`leadline: no service knows a lead ${id}`);
        throw new Unsuccessful();
      }
      if (options.output === 'json') printJson(story);
      else for (const line of toLines(id, story)) print(line);
      if (story.silent.length > 0)
        tell(`leadline: no answer from ${story.silent.join(', ')}: something may be missing here`);
    });
}

function toLines(id: number, { lead, attempts, events, explanation, receipts }: LeadStory): string[] {
  const about =
    lead === null
      ? []
      : [
          `from ${lead.source}, came in ${clock(lead.createdAt)} IST, failed attempts: ${lead.retryCount}`,
          ...(lead.failureReason === null ? [] : [paint('red', `given up: ${words(lead.failureReason)}`)]),
          ...(lead.wait === null
            ? []
            : [paint('yellow', `waits: ${words(lead.wait.reason)}${until(lead.wait.until)}`)]),
        ];
  return [
    `${paint('bold', `lead ${id}`)}${lead === null ? '' : ` is ${paint('bold', lead.status)}`}`,
    ...about.map((line) => `  ${line}`),
    `  now: ${explanation === null ? 'the dispatcher does not say' : toVerdict(explanation)}`,
    ...receipts.map(
      ({ receivedAt, source, sourceLeadId, verdict }) =>
        `  delivered ${clock(receivedAt)} by ${source}${sourceLeadId === null ? '' : ` as ${sourceLeadId}`}: ${words(verdict)}`,
    ),
    ...(attempts.length === 0 ? [] : ['', paint('bold', 'attempts')]),
    ...attempts.map((attempt) => `  ${toAttemptLine(attempt)}`),
    ...(events.length === 0 ? [] : ['', paint('bold', 'what happened (IST)')]),
    ...events.map((event) => {
      const call = event.callId === null ? '' : `call ${event.callId}`;
      const text = toPaintedWords(event, 'ist', paint);
      return `  ${paint('dim', toClock(event.time, 'ist'))}  ${call.padEnd(12)}  ${paint('cyan', event.subject.padEnd(20))}  ${text}`;
    }),
  ];
}

function toAttemptLine(attempt: LeadStory['attempts'][number]): string {
  const { callId, status, failureReason, sipStatus, durationSeconds, answered, taskId, pushError, doNotCall } = attempt;
  const notDialled = whyNotDialled(attempt);
  const unread = attempt.unreadFields.map(({ field, times }) => (times === 1 ? field : `${field} ${times}×`));
  return [
    `${attempt.attempt ?? 'old'}. call ${callId} at ${clock(attempt.startedAt)}: ${notDialled === null ? status : toNotDialledWords(notDialled)}`,
    failureReason === null || notDialled !== null
      ? ''
      : `${words(failureReason)}${sipStatus === null ? '' : ` (SIP ${sipStatus})`}`,
    attempt.answeredBy == null ? '' : `${words(attempt.answeredBy)} answered`,
    attempt.messageLeft === true ? 'left a message' : '',
    attempt.networkPhrase == null ? '' : `the network said "${attempt.networkPhrase}"`,
    attempt.disposition == null ? '' : `outcome: ${words(attempt.disposition)}`,
    attempt.language == null ? '' : `wants to speak ${attempt.language}`,
    durationSeconds === null ? '' : `${durationSeconds} s`,
    answered.length === 0 ? '' : `learnt ${answered.map(words).join(', ')}`,
    doNotCall ? 'never to be called again' : '',
    unread.length === 0 ? '' : `unreadable in the agent's reports: ${unread.join(', ')}`,
    attempt.isReportUnheard ? 'its last report is a dead letter that nobody has handled' : '',
    taskId === null ? '' : `task ${taskId}`,
    pushError === undefined ? '' : `refused by the CRM: ${words(pushError)}`,
  ]
    .filter((part) => part !== '')
    .join(', ');
}

function toVerdict({ kind, reason, until: end }: Explanation): string {
  const why = reason === undefined ? '' : `: ${words(reason)}`;
  switch (kind) {
    case 'dial':
      return paint('green', 'the dispatcher would dial it now');
    case 'wait':
      return paint('yellow', `it waits${why}${until(end)}`);
    case 'refuse':
      return paint('red', `it will not be dialled${why}`);
    case 'not_due':
      return `it is not due${why}${until(end)}`;
    default:
      return `${words(kind)}${why}`;
  }
}

function clock(iso: string): string {
  return toClock(new Date(iso), 'ist');
}

function until(iso: string | null | undefined): string {
  return iso == null ? '' : ` until ${clock(iso)} IST`;
}

function words(code: string): string {
  return code.replaceAll('_', ' ');
}
