import { createLogger, type Log } from './logger.ts';
import type { Part } from '@leadline/time/part';
import { ConfigError } from './read-config.ts';
import { returnMemory } from './return-memory.ts';
import { startTracing, type TracingSettings } from '@leadline/tracing/start-tracing';
import { version } from './version.ts';

/** `stop` shuts down in order. */
export type RunningService = Part & {
  /** Rejects when the service can't continue (its NATS loop died): the process then exits non-zero. */
  done: Promise<unknown>;
};

/**
 * Runs a process (`--version` only prints the version): reads settings (all problems at once, exit 2), starts, and on
 * SIGTERM or SIGINT stops in order within `deadlineMs` (exit 0; exit 1 after a second signal or the deadline). An
 * unhandled error ends it (exit 1): a supervisor restarts it, and the rows say where to continue.
 */
export async function runProcess<C extends TracingSettings & { LOG_LEVEL: string }>(options: {
  service: string;
  config: () => C;
  start: (config: C, log: Log) => Promise<RunningService>;
  deadlineMs?: number;
}): Promise<void> {
  if (process.argv[2] === '--version') {
    process.stdout.write(`leadline ${options.service} ${version()}\n`);
    return;
  }
  let config: C;
  try {
    config = options.config();
  } catch (error) {
    process.stderr.write(`${options.service}: ${error instanceof ConfigError ? error.message : String(error)}\n`);
    process.exit(2);
  }
  const log = createLogger({ service: options.service, level: config.LOG_LEVEL });
  const die = (error: unknown, what: string): void => {
    log.fatal({ err: error }, what);
    process.exit(1);
  };
  process.on('uncaughtException', (error) => die(error, 'a fault nobody caught ends the process'));
  process.on('unhandledRejection', (error) => die(error, 'a rejection nobody caught ends the process'));

  const tracing = await startTracing(options.service, version(), config);
  let running: RunningService | undefined;
  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) die(undefined, 'a second signal ends the process at once');
    stopping = true;
    log.info({ signal }, 'stopping');
    setTimeout(die, options.deadlineMs ?? 25_000, undefined, 'stopping took too long').unref();
    if (running === undefined) process.exit(0);
    running
      .stop()
      .then(() => tracing.stop())
      .then(
        () => process.exit(0),
        (error: unknown) => die(error, 'stopping failed'),
      );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);

  try {
    running = await options.start(config, log);
  } catch (error) {
    die(error, 'could not start');
    return;
  }
  log.info({ version: version() }, 'started');
  returnMemory();
  // The program that forked us may wait for this message, as pm2 does, or may be gone.
  process.send?.('ready', undefined, undefined, () => undefined);
  running.done.catch((error: unknown) => {
    if (!stopping) die(error, 'the service cannot go on');
  });
}
