import { readDurables, type DurableState } from '@leadline/messaging/read-topology';
import { askHealth, type AskedHealth } from '../ask-health.ts';
import { toClock } from '../clock.ts';
import { outputOption } from '../command-options.ts';
import type { Program } from '../program.ts';
import { paint, print, printJson } from '../terminal.ts';
import { toTable } from '../to-table.ts';
import { withNats } from '../with-nats.ts';

export function addLag(program: Program): void {
  program
    .command('lag')
    .summary('show what waits: messages for consumers, events to publish')
    .description(
      'Shows how far each consumer is behind its stream, and how long the oldest event of each service has waited to be ' +
        'published. Near zero everywhere is healthy; a few seconds under load are too.',
    )
    .addOption(outputOption())
    .addHelpText(
      'after',
      `
Examples:
  leadline lag
  leadline lag -o json | jq '[.consumers[] | select(.waiting > 100)]'`,
    )
    .action((options, command) =>
      withNats(command.optsWithGlobals(), async (nats) => {
        const [durables, asked] = await Promise.all([readDurables(nats), askHealth(nats, { far: false }, 3_000)]);
        const consumers = durables.filter(({ stream }) => stream !== 'ADVISORIES');
        if (options.output === 'json') {
          printJson({ consumers: consumers.map(toConsumer), outboxes: toOutboxes(asked) });
          return;
        }
        print(
          toTable(
            ['consumer', 'stream', 'waiting', 'in hand', 'redelivered', 'last settled (IST)'],
            consumers.map(({ name, stream, found }) =>
              found === undefined
                ? [name, stream, null, null, null, paint('red', 'missing')]
                : [name, stream, found.waiting, found.inHand, found.redelivered, toLast(found)],
            ),
          ),
        );
        print('');
        print(
          toTable(
            ['outbox of', 'to be published', 'oldest waits', 'refused for good', ''],
            toOutboxes(asked).map(({ service, waiting, oldestSeconds, failed, silent }) => [
              service,
              waiting,
              oldestSeconds === null ? '' : `${oldestSeconds.toFixed(1)} s`,
              failed,
              silent ?? '',
            ]),
          ),
        );
      }),
    );
}

function toLast({ lastSettled, pausedUntil }: NonNullable<DurableState['found']>): string {
  const words = { never: 'never', before_start: 'not since NATS started' };
  const last = lastSettled instanceof Date ? toClock(lastSettled, 'ist') : words[lastSettled];
  return pausedUntil === undefined ? last : `${last}; ${paint('red', `paused until ${toClock(pausedUntil, 'ist')}`)}`;
}

/** `lastSettledAt` is null if nothing was settled, or if nats-server has forgotten when; `settledBefore` says which. */
function toConsumer({ name, stream, service, found }: DurableState): Record<string, unknown> {
  if (found === undefined) return { name, stream, service, missing: true };
  const { lastSettled, pausedUntil, ...numbers } = found;
  return {
    name,
    stream,
    service,
    ...numbers,
    lastSettledAt: lastSettled instanceof Date ? lastSettled : null,
    settledBefore: lastSettled !== 'never',
    pausedUntil: pausedUntil ?? null,
  };
}

type Outbox = {
  service: string;
  waiting: number | null;
  oldestSeconds: number | null;
  failed: number | null;
  silent: string | null;
};

function toOutboxes(asked: AskedHealth[]): Outbox[] {
  const unknown = { waiting: null, oldestSeconds: null, failed: null };
  return asked
    .filter(({ service }) => service !== 'dashboard')
    .map((answer) => {
      if ('silent' in answer) return { service: answer.service, ...unknown, silent: answer.silent };
      const { outbox } = answer.health;
      return outbox === null
        ? { service: answer.service, ...unknown, silent: 'its database does not answer' }
        : { service: answer.service, ...outbox, silent: null };
    });
}
