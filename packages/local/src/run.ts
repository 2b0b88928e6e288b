import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readLocalConfig, type LocalConfig } from './config.ts';
import { endLeftovers, findOtherRun } from './leftovers.ts';
import { sendSamples } from './send-samples.ts';
import { sendVendorSamples } from './send-vendor-samples.ts';
import { showSteps } from './show-steps.ts';
import { startWorld, type RunningWorld } from './start-world.ts';
import { toWelcome } from './to-welcome.ts';

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
// The reader of our output may end before us.
process.stdout.on('error', () => undefined);

/** Ends us at once; the processes that we started notice it and end too. */
function fail(what: string, error?: unknown): never {
  process.stderr.write(error instanceof Error ? `${what}: ${error.message}\n` : `${what}.\n`);
  process.exit(1);
}

const env = Object.fromEntries(Object.entries(process.env).map(([name, value]) => [name, value ?? '']));
const config = readConfig();
const folder = config.LEADLINE_STATE_DIR;
const processes = join(folder, 'processes.json');
const startedAt = performance.now();

let world: RunningWorld | undefined;
let steps: { stop(): Promise<void> } | undefined;
let stopAskedAt: number | undefined;

const stop = async (): Promise<void> => {
  // Stopped in the middle of the start: there is nothing to end in order yet.
  if (world === undefined) process.exit(130);
  say('\nstopping');
  await steps?.stop();
  await world.stop();
  rmSync(processes, { force: true });
  process.exit(0);
};

/** One Ctrl-C reaches us up to three times: from the terminal, npm and setup.mjs. A later one ends us at once. */
const onStop = (): void => {
  if (stopAskedAt === undefined) {
    stopAskedAt = performance.now();
    stop().catch((error: unknown) => fail('Leadline did not stop in order', error));
  } else if (performance.now() - stopAskedAt > 1_500) process.exit(1);
};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onStop);
// The channel to setup.mjs closes when setup.mjs ends.
process.on('disconnect', onStop);
process.on('uncaughtException', (error) => fail('Leadline has to stop', error));

mkdirSync(folder, { recursive: true });
const other = findOtherRun(processes);
if (other !== undefined) fail(`Leadline is already running from this folder, as process ${other}: stop it first`);
rmSync(join(folder, 'run.json'), { force: true });
process.on('exit', () => rmSync(join(folder, 'run.json'), { force: true }));
for (const name of await endLeftovers(processes)) say(`ended ${name}, left behind by a run that was killed`);

world = await startWorld(config, { env, say, natsMoved: () => void followSteps() }).catch((error: unknown) =>
  fail('Leadline could not be started', error),
);
const run = world.run();
const real = config.liveKit && { ...config.liveKit, window: env['CALL_WINDOW'] || 'mon-sat 09:30-19:30' };
say(toWelcome(run, folder, (performance.now() - startedAt) / 1_000, real));
await followSteps();
// Samples go only into the embedded database: the person's own may hold real people.
if (config.SAMPLE_LEADS === 'on' && config.DATABASE_URL === undefined && config.liveKit === undefined) {
  await sendSamples(run.ingest, run.apiKey).catch(() => say('the sample leads could not be sent'));
  await sendVendorSamples(run, join(folder, 'sample-sources.json')).catch(() =>
    say('the simulated marketplaces could not be set up'),
  );
}

/** Prints what happens to leads, from nats-server's current address. */
async function followSteps(): Promise<void> {
  const nats = world?.run().nats;
  if (nats === undefined) return;
  await steps?.stop();
  steps = await showSteps({ url: nats.url, login: nats.users.dashboard }, say);
}

function readConfig(): LocalConfig {
  try {
    return readLocalConfig(env);
  } catch (error) {
    return fail('Leadline could not be started', error);
  }
}
