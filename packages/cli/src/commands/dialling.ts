import type { DiallingState } from '@leadline/contracts/commands/dialling';
import { toClock } from '../clock.ts';
import { outputOption, reasonOption, whoOption } from '../command-options.ts';
import { readCliConfig } from '../config.ts';
import { findPlace } from '../find-place.ts';
import type { Program } from '../program.ts';
import { steerDialling, type Steering } from '../steer-dialling.ts';
import { paint, print, printJson } from '../terminal.ts';
import { whoAndWhy } from '../who-and-why.ts';
import type { ConnectionOptions } from '../with-nats.ts';

export function addDialling(program: Program): void {
  const dialling = program
    .command('dialling')
    .summary('stop all dialling, start it, see whether it runs')
    .description('The stop switch. After stop no phone starts to ring; calls in progress go on.')
    .addHelpText(
      'after',
      `
Examples:
  leadline dialling stop --reason "wrong script"
  leadline dialling start --reason "script repaired"
  leadline dialling status -o json | jq -r .state

stop answers "stopping" while dials are on their way that may still ring, a minute at most. Where NATS does not answer,
the dispatcher is asked over HTTP (DISPATCHER_URL and OPS_KEY, or what runs in this clone).`,
    );
  dialling
    .command('stop')
    .description('No phone starts to ring any more, in all dispatchers.')
    .option('--reason <text>', 'why, for the audit', 'stopped from the command line')
    .addOption(whoOption())
    .addOption(outputOption())
    .action(async (options, command) => {
      await steer(command.optsWithGlobals(), { what: 'stop', by: await whoAndWhy(options) }, options.output);
    });
  dialling
    .command('start')
    .description('Goes on with what waits.')
    .addOption(reasonOption())
    .addOption(whoOption())
    .addOption(outputOption())
    .action(async (options, command) => {
      await steer(command.optsWithGlobals(), { what: 'start', by: await whoAndWhy(options) }, options.output);
    });
  dialling
    .command('status')
    .description('Whether dialling runs; who stopped it, when and why.')
    .addOption(outputOption())
    .action((options, command) => steer(command.optsWithGlobals(), { what: 'status' }, options.output));
}

async function steer(given: ConnectionOptions, steering: Steering, form: 'pretty' | 'json'): Promise<void> {
  const state = await steerDialling(given, findPlace(readCliConfig(), given), steering);
  if (form === 'json') printJson(state);
  else print(toWords(state));
}

function toWords({ state, onTheirWay, stoppedAt, stoppedBy, reason }: DiallingState): string {
  if (state === 'running') return `dialling ${paint('green', 'runs')}`;
  const since = stoppedAt === null ? '' : ` since ${toClock(new Date(stoppedAt), 'ist')} IST`;
  const why = `by ${stoppedBy ?? 'somebody'}: ${reason ?? 'no reason told'}`;
  return state === 'stopped'
    ? `dialling is ${paint('red', 'stopped')}${since}, ${why}`
    : `dialling is ${paint('yellow', 'stopping')}: ${onTheirWay} on their way may still ring (${why})`;
}
