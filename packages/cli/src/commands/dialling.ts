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
    .summary('stop or start all dialling, or show its state')
    .description('The stop switch. After stop no further phone rings; calls in progress continue.')
    .addHelpText(
      'after',
      `
Examples:
  leadline dialling stop --reason "wrong script"
  leadline dialling start --reason "script repaired"
  leadline dialling status -o json | jq -r .state

stop answers "stopping" while some dials may still ring, for a minute at most. If NATS does not answer, the command asks
the dispatcher over HTTP (DISPATCHER_URL and OPS_KEY, or the one that runs in this clone).`,
    );
  dialling
    .command('stop')
    .description('Stops all dispatchers: no further phone rings.')
    .option('--reason <text>', 'why, for the audit', 'stopped from the command line')
    .addOption(whoOption())
    .addOption(outputOption())
    .action(async (options, command) => {
      await steer(command.optsWithGlobals(), { what: 'stop', by: await whoAndWhy(options) }, options.output);
    });
  dialling
    .command('start')
    .description('Continues with the waiting leads.')
    .addOption(reasonOption())
    .addOption(whoOption())
    .addOption(outputOption())
    .action(async (options, command) => {
      await steer(command.optsWithGlobals(), { what: 'start', by: await whoAndWhy(options) }, options.output);
    });
  dialling
    .command('status')
    .description('Shows whether dialling runs; if not, who stopped it, when and why.')
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
  const why = `by ${stoppedBy ?? 'somebody'}: ${reason ?? 'no reason given'}`;
  return state === 'stopped'
    ? `dialling is ${paint('red', 'stopped')}${since}, ${why}`
    : `dialling is ${paint('yellow', 'stopping')}: ${onTheirWay} calls may still ring (${why})`;
}
