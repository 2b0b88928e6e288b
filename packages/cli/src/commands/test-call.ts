import {
  explainTestCall,
  makeTestLead,
  previewTask,
  type TaskPreview,
  type TestCallVerdict,
} from '@leadline/contracts/commands/test-call';
import { notDialledReason, toNotDialledWords } from '@leadline/contracts/not-dialled';
import { toWords } from '@leadline/contracts/to-event-words';
import { ask, CommandUnanswered } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { randomUUID } from 'node:crypto';
import { toClock } from '../clock.ts';
import { outputOption, whoOption } from '../command-options.ts';
import { Unsuccessful } from '../exit-codes.ts';
import { followTestCall } from '../follow-test-call.ts';
import type { Program } from '../program.ts';
import type { TailEvent } from '../tail-event.ts';
import { paint, print, printJson, tell } from '../terminal.ts';
import { toPaintedWords } from '../to-event-line.ts';
import type { TestTrace } from '../to-test-trace.ts';
import { whoAsks } from '../who-and-why.ts';
import { withNats } from '../with-nats.ts';

export function addTestCall(program: Program): void {
  program
    .command('test-call')
    .summary('ring a phone of yours once, and see where each second goes')
    .description(
      'Takes in a lead that is marked as a test, and shows its call from the permit to what the CRM would get. The phone ' +
        'rings once; nothing is retried, and the CRM hears of nothing. Only numbers in TEST_NUMBERS of the dispatcher are ' +
        'rung, in the call window, and never one on the do-not-call list.',
    )
    .requiredOption('--to <number>', 'the phone to ring, an Indian mobile number, in any form')
    .option('--mode <mode>', 'the mode in which the agent works (default: AGENT_MODE of the dispatcher)')
    .option('--name <name>', 'whom the agent asks for', 'Test call')
    .option('--product <product>', 'what the agent believes was asked for')
    .option('--dry-run', 'only tell whether the call would be permitted now, and why not')
    .addOption(whoOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      `
It exits with 0 if the call was qualified, with --dry-run if it would be permitted, and else with 1.

Examples:
  leadline test-call --to +919876543210 --dry-run
  leadline test-call --to +919876543210 --mode openai_realtime
  leadline test-call --to +919876543210 -o json | jq .stages`,
    )
    .action(async (options, command) => {
      const who = whoAsks(options);
      const { to: phone, mode, output } = options;
      await withNats(command.optsWithGlobals(), async (nats) => {
        const about = { phone, ...(mode === undefined ? {} : { mode }) };
        const verdict = await ask(nats, explainTestCall, about);
        const mayRing = verdict.kind === 'dial';
        if (options.dryRun === true || !mayRing) {
          if (output === 'json') printJson(verdict);
          else for (const line of toVerdictLines(verdict)) print(line);
          if (!mayRing) throw new Unsuccessful();
          return;
        }
        await requirePreviews(nats);
        const product = options.product === undefined ? {} : { productName: options.product };
        const lead = { id: randomUUID(), ...about, ...product, name: options.name, who };
        const { leadId } = await ask(nats, makeTestLead, lead);
        tellOnCtrlC(leadId);
        await showCall(nats, { leadId, verdict }, output);
      });
    });
}

/** An older crm-pusher would make a task of the call: it does not know this question. */
async function requirePreviews(nats: Nats): Promise<void> {
  try {
    await ask(nats, previewTask, { leadId: 0 });
  } catch (error) {
    if (!(error instanceof CommandUnanswered)) throw error;
    throw new CommandUnanswered(
      'crm-pusher does not answer, or is of an older version that would make a task of a test call: nothing was rung',
      { cause: error },
    );
  }
}

/** The phone rings on: only an operator's stop, before the permit, would keep it from that. */
function tellOnCtrlC(leadId: number): void {
  // Before the one that ends the process.
  process.prependListener('SIGINT', () =>
    tell(`\nleadline: the call goes on without this display; leadline lead ${leadId} shows what becomes of it`),
  );
}

async function showCall(
  nats: Nats,
  { leadId, verdict }: { leadId: number; verdict: TestCallVerdict },
  output: 'pretty' | 'json',
): Promise<void> {
  const isPretty = output === 'pretty';
  if (isPretty) print(`${paint('bold', `test call, lead ${leadId}`)}, mode ${verdict.mode}: permitted, and rings once`);
  let startedAt: Date | undefined;
  const show = (event: TailEvent): void => {
    startedAt ??= event.time;
    if (isPretty) print(toTraceLine(event, startedAt));
  };
  const { agentWaitSeconds, ringSeconds, maxCallSeconds } = verdict;
  // Beside these a call of which nobody told the end waits for LiveKit’s leeway and the provider’s ring limit.
  const withinMs = (agentWaitSeconds + ringSeconds + maxCallSeconds + 600) * 1_000;
  const { trace, events } = await followTestCall(nats, leadId, withinMs, show);
  const preview = await ask(nats, previewTask, { leadId });
  if (isPretty) for (const line of [...toStageLines(trace), ...toPreviewLines(preview)]) print(line);
  else
    printJson({
      leadId,
      mode: verdict.mode,
      ...trace,
      answers: preview?.answers ?? {},
      task: preview?.task ?? null,
      events,
    });
  if (trace.outcome !== 'qualified') throw new Unsuccessful();
}

function toTraceLine(event: TailEvent, startedAt: Date): string {
  const seconds = ((event.time.getTime() - startedAt.getTime()) / 1_000).toFixed(1);
  return `  ${paint('dim', `${toClock(event.time, 'ist')} ${`${seconds} s`.padStart(8)}`)}  ${toPaintedWords(event, 'ist', paint)}`;
}

function toStageLines({ outcome, reason, stages }: TestTrace): string[] {
  const why = reason === null ? '' : `: ${toReason(reason)}`;
  return [
    '',
    outcome === 'qualified'
      ? paint('green', 'qualified: the whole way works')
      : paint('red', `${outcome === 'refused' ? 'not called' : 'not qualified'}${why}`),
    ...(stages.length === 0 ? [] : ['', paint('bold', 'where the seconds went, until')]),
    ...stages.map(({ until, seconds }) => `  ${seconds.toFixed(1).padStart(6)} s  ${until}`),
  ];
}

function toPreviewLines(preview: TaskPreview | null): string[] {
  if (preview === null) return ['', 'nothing was learnt: the CRM would have got no task'];
  const { answers, task } = preview;
  return [
    '',
    paint('bold', 'what was learnt'),
    ...Object.entries(answers).map(([key, value]) => `  ${toWords(key)}: ${value}`),
    '',
    paint('bold', 'what the CRM would have got'),
    `  ${task.title} (${task.titleType}, priority ${task.priority}${task.dueDate === undefined ? '' : `, due ${toClock(new Date(task.dueDate), 'ist')} IST`})`,
    ...task.description.split('\n').map((line) => `  ${line}`),
  ];
}

function toVerdictLines(verdict: TestCallVerdict): string[] {
  const { kind, reason, until, mode, agentWaitSeconds, ringSeconds, maxCallSeconds } = verdict;
  if (kind === 'dial') {
    return [
      `${paint('green', 'it would be permitted now')}: in the window, no stop switch, not on the do-not-call list, its number and a channel free`,
      `  mode ${mode}; the agent has ${agentWaitSeconds} s to come, the phone rings up to ${ringSeconds} s, the talk lasts up to ${maxCallSeconds} s`,
      '  whether an agent comes: leadline livekit doctor',
    ];
  }
  const end = until == null ? '' : ` until ${toClock(new Date(until), 'ist')} IST`;
  return [paint('red', `it would not ring: ${toReason(reason ?? kind, verdict.testNumbers)}${end}`)];
}

/** Why a test call may not ring, and what to do. */
function toReason(reason: string, testNumbers = 1): string {
  switch (reason) {
    case 'not_a_test_number':
      return testNumbers === 0
        ? 'TEST_NUMBERS of the dispatcher is empty; set it to phones of yours, such as +919876543210, and start the dispatcher again'
        : `the number is none of the ${testNumbers} in TEST_NUMBERS of the dispatcher; add it there if the phone is yours`;
    case 'do_not_call':
      return 'whoever has this number asked never to be called (leadline do-not-call show)';
    case 'stopped':
      return 'dialling is stopped (leadline dialling status)';
    case 'window_shut':
      return 'the call window is shut';
    case 'number_in_use':
      return 'another call to this number is under way, or has just ended; a test call rings at once or not at all';
    case 'no_free_slot':
      return 'MAX_CONCURRENT_CALLS calls are under way';
    case 'breaker_open':
      return 'LiveKit or the trunk refused the last calls (leadline livekit doctor)';
    case 'test_call_late':
      return 'no dispatcher took it within two minutes; other leads may have been before it';
    case 'test_lead':
      return 'an older version of the dispatcher took it, which rings no test; update all of them';
    default:
      return notDialledReason(reason) === undefined ? toWords(reason) : toNotDialledWords(reason);
  }
}
