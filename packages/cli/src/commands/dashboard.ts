import { buildState, rebuild, type BuildState } from '@leadline/contracts/commands/read-model';
import { ask, CommandUnanswered } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { setTimeout as wait } from 'node:timers/promises';
import { outputOption, reasonOption, whoOption } from '../command-options.ts';
import type { Program } from '../program.ts';
import { print, printJson, tell } from '../terminal.ts';
import { whoAndWhy } from '../who-and-why.ts';
import { withNats } from '../with-nats.ts';

export function addDashboard(program: Program): void {
  const dashboard = program
    .command('dashboard')
    .summary('rebuild the dashboard’s numbers')
    .description('The numbers behind the dashboard’s pages.')
    .addHelpText('after', '\nExamples:\n  leadline dashboard rebuild --reason "pulse length changed"');
  dashboard
    .command('rebuild')
    .description(
      'Counts all leads and calls again. Pages show the old numbers until the new ones are complete. After Ctrl-C the ' +
        'dashboard continues alone; a second command shows the same build.',
    )
    .option('--no-wait', 'begin it and return at once')
    .addOption(reasonOption())
    .addOption(whoOption())
    .addOption(outputOption())
    .action(async (options, command) => {
      const by = await whoAndWhy(options);
      await withNats(command.optsWithGlobals(), async (nats) => {
        const { generation } = await ask(nats, rebuild, by, 10_000);
        const done = options.wait ? await untilServing(nats, generation) : undefined;
        if (options.output === 'json') printJson({ generation, serving: done !== undefined });
        else print(done === undefined ? `build ${generation} has begun` : `build ${generation} is served`);
      });
    });
}

/** Shows the build's progress until pages read it. A restarted dashboard continues the build. */
async function untilServing(nats: Nats, generation: number): Promise<BuildState> {
  let told = '';
  for (;;) {
    const now = await ask(nats, buildState, {}).catch((error: unknown) => {
      if (error instanceof CommandUnanswered) return undefined;
      throw error;
    });
    if (now !== undefined && (now.serving?.generation ?? 0) >= generation) return now;
    const line = now === undefined ? 'the dashboard does not answer now; waiting' : toProgress(now);
    if (line !== told) tell(line);
    told = line;
    await wait(1_000);
  }
}

function toProgress({ building, serving }: BuildState): string {
  if (building === null) return 'waiting for the build';
  // These are row ids. The serving build follows them, so it knows the highest.
  const share = (read: number, of: number | undefined): string =>
    of === undefined || of === 0 ? `up to ${read}` : `${Math.min(100, Math.floor((100 * read) / of))} %`;
  const calls = share(building.callsReadTo, serving?.callsReadTo);
  return `calls ${calls}, leads ${share(building.leadsReadTo, serving?.leadsReadTo)}`;
}
