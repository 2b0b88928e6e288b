import { createLogger, type Log } from './logger.ts';
import type { Part } from '@leadline/time/part';
import { ConfigError } from './read-config.ts';
import { startTracing, type TracingSettings } from '@leadline/tracing/start-tracing';
import { version } from './version.ts';

/** `stop` is the ordered shutdown. */
export type RunningService = Part & {
  /** Rejects when the service can't go on (its NATS loop died): the process then ends non-zero. */
  done: Promise<unknown>;
};

/**
 * The life of a process (`--version` only says which it would be): reads settings (all problems at once, exit 2), starts, and on SIGTERM or SIGINT stops in order
 * within `deadlineMs` (exit 0; a second signal or the deadline: exit 1). Whatever goes wrong unseen ends it (exit 1):
 * a supervisor starts it again and the rows say where to go on.
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
  // Whoever forked us may wait for it, as pm2 does, or be gone.
  process.send?.('ready', undefined, undefined, () => undefined);
  running.done.catch((error: unknown) => {
    if (!stopping) die(error, 'the service cannot go on');
  });
}
