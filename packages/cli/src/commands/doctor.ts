import { CommandUnanswered } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { outputOption } from '../command-options.ts';
import { readCliConfig } from '../config.ts';
import { examine } from '../examine.ts';
import { Unsuccessful } from '../exit-codes.ts';
import { bad, good, type Finding } from '../finding.ts';
import { toFindingLines } from '../finding-lines.ts';
import { findPlace } from '../find-place.ts';
import type { Program } from '../program.ts';
import { print, printJson } from '../terminal.ts';
import { toLiveKitLogin } from '../with-livekit.ts';
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
It asks one replica of each service over NATS; the services themselves check LiveKit and the CRM. With LIVEKIT_URL and its
key it also does what leadline livekit doctor does: it sends the agent a job in a room without a phone. No phone rings. It
exits with 1 if there is something to repair.

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
        await withNats(given, async (nats) => {
          await examine(nats, show);
          await examineLiveKitToo(nats, show);
        });
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

/** What LiveKit itself shows, where this machine has its address and key. */
async function examineLiveKitToo(nats: Nats, show: (found: Finding[]) => void): Promise<void> {
  const config = readCliConfig();
  const { LIVEKIT_URL: url, LIVEKIT_API_KEY: apiKey, LIVEKIT_API_SECRET: secret } = config;
  if (url === undefined || apiKey === undefined || secret === undefined) return;
  const login = toLiveKitLogin(config);
  const { examineLiveKit } = await import('../examine-livekit.ts');
  const asked = { login, agentName: config.AGENT_NAME, trunkId: config.SIP_TRUNK_ID, waitMs: 10_000 };
  await examineLiveKit(nats, asked, (finding) => show([finding]));
}

function isTooOld(error: unknown): error is Error {
  return error instanceof Error && error.message.includes('is too old');
}
