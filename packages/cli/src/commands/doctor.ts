import { CommandUnanswered } from '@leadline/messaging/ask';
import { outputOption } from '../command-options.ts';
import { readCliConfig } from '../config.ts';
import { examine } from '../examine.ts';
import { Unsuccessful } from '../exit-codes.ts';
import { bad, good, type Finding } from '../finding.ts';
import { toFindingLines } from '../finding-lines.ts';
import { findPlace } from '../find-place.ts';
import type { Program } from '../program.ts';
import { print, printJson } from '../terminal.ts';
import { withNats } from '../with-nats.ts';

export function addDoctor(program: Program): void {
  program
    .command('doctor')
    .summary('check everything and say what to repair')
    .description(
      'Checks this machine, NATS, streams and consumers, each service with its database and settings, LiveKit with its ' +
        'trunk, the CRM with its key, clocks, call window and dead letters, and says what to repair. Changes nothing.',
    )
    .addOption(outputOption())
    .addHelpText(
      'after',
      `
It asks one replica of each service over NATS; the services themselves check LiveKit and the CRM. It exits with 1 if there
is something to repair.

Examples:
  leadline doctor
  leadline doctor -o json | jq '.[] | select(.verdict == "bad")'`,
    )
    .action(async (options, command) => {
      const findings: Finding[] = [];
      const show = (found: Finding[]): void => {
        findings.push(...found);
        if (options.output === 'pretty') for (const finding of found) print(toFindingLines(finding));
      };
      const given = command.optsWithGlobals();
      show([
        good('this machine', `Node ${process.versions.node}, talks to ${findPlace(readCliConfig(), given).nats.url}`),
      ]);
      try {
        await withNats(given, (nats) => examine(nats, show));
      } catch (error) {
        if (!(error instanceof CommandUnanswered) && !isTooOld(error)) throw error;
        show([bad('NATS', error.message, 'repair this first: all other checks need NATS')]);
      }
      const toRepair = findings.filter(({ verdict }) => verdict === 'bad').length;
      if (options.output === 'json') printJson(findings);
      else print(`\n${toRepair === 0 ? 'nothing to repair' : `${toRepair} to repair`}`);
      if (toRepair > 0) throw new Unsuccessful();
    });
}

function isTooOld(error: unknown): error is Error {
  return error instanceof Error && error.message.includes('is too old');
}
