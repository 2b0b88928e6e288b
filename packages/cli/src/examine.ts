import { callWindow, diallingState, type DiallingState } from '@leadline/contracts/commands/dialling';
import { buildState } from '@leadline/contracts/commands/read-model';
import { publishingServices } from '@leadline/contracts/services';
import { ask, CommandRefused, CommandUnanswered } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { findForeignMessages } from '@leadline/messaging/find-unknown-events';
import { readDurables, readStreams } from '@leadline/messaging/read-topology';
import { listDeadLetters } from '@leadline/messaging/redrive';
import { streamOf } from '@leadline/messaging/topology';
import { askHealth } from './ask-health.ts';
import { toClock } from './clock.ts';
import { bad, good, note, type Finding } from './finding.ts';
import { judgeServices } from './judge-services.ts';
import { judgeTopology } from './judge-topology.ts';

const letterLimit = 200;

/** Asks everything over NATS at once, and shows the parts in a fixed order. */
export async function examine(nats: Nats, show: (found: Finding[]) => void): Promise<void> {
  const { version = 'unknown' } = nats.connection.info ?? {};
  show([good('NATS', `nats-server ${version}, as user ${nats.user}`)]);
  const looks = [
    orRefused('streams', async () => {
      const [streams, durables] = await Promise.all([readStreams(nats), readDurables(nats)]);
      return judgeTopology(streams, durables);
    }),
    examineServices(nats),
    orRefused('dialling', () => examineDialling(nats)),
    orRefused('foreign messages', () => examineForeign(nats)),
    orRefused('dashboard', () => examineDashboard(nats)),
    orRefused('dead letters', () => examineDeadLetters(nats)),
  ];
  // If a later one fails while we await an earlier one, its turn reports it.
  for (const look of looks) look.catch(() => undefined);
  for (const look of looks) show(await look);
}

/**
 * The newest messages in our subjects that are no events of their owner. They prove nothing, but somebody published
 * them.
 */
async function examineForeign(nats: Nats): Promise<Finding[]> {
  const foreign = await findForeignMessages(nats, publishingServices);
  return foreign.map(({ service, subject, seq, at }) =>
    note(
      subject,
      `the newest message (${streamOf(subject)} ${seq}, ${toClock(at, 'ist')} IST) is no event of ${service}`,
      'Leadline ignores it; find out who publishes with the login ops (docs/operate/alerts.md, LeadlineForeignMessages)',
    ),
  );
}

async function examineServices(nats: Nats): Promise<Finding[]> {
  const askedAt = new Date();
  const asked = await askHealth(nats, { far: true }, 15_000);
  return judgeServices(asked, { askedAt, answeredAt: new Date() });
}

async function examineDialling(nats: Nats): Promise<Finding[]> {
  const [state, window] = await Promise.all([ask(nats, diallingState, {}), ask(nats, callWindow, {})]);
  const opens = window.opensAt === null ? '' : `, opens ${toClock(new Date(window.opensAt), 'ist')} IST`;
  return [
    state.state === 'running'
      ? good('dialling', 'runs')
      : note(
          'dialling',
          `is ${state.state} by ${state.stoppedBy ?? 'somebody'}: ${state.reason ?? ''}`,
          'once it is repaired: leadline dialling start --reason "what was repaired"',
        ),
    ...toPause(state),
    window.open ? good('call window', 'is open') : note('call window', `is shut${opens}`),
  ];
}

const pauseFixes: Record<string, string> = {
  no_bridge: 'start LiveKit’s SIP bridge, with the Redis and the key of its server',
  no_redis: 'give LiveKit the Redis of its SIP bridge',
  trunk_missing: 'set SIP_TRUNK_ID to one of leadline livekit trunk list',
  numbers_unknown:
    'the trunk calls every number unknown (404): ask the provider how it wants numbers, and look at the trunk’s address; no lead ends for it',
  account: 'ask the provider: it refuses the trunk’s login or your address',
  startup_failed: 'start the agent’s worker, with the name AGENT_NAME; if it runs, it is full or starts too slowly',
  agent_absent: 'start the agent’s worker, with the name AGENT_NAME; if it runs, it is full or starts too slowly',
};

/** The breaker: nobody new is rung for a while, because it would fail. */
function toPause({ pausedUntil, pausedBecause }: DiallingState): Finding[] {
  if (typeof pausedUntil !== 'string') return [];
  const because = pausedBecause ?? 'attempts fail';
  return [
    bad(
      'dialling',
      `pauses until ${toClock(new Date(pausedUntil), 'ist')} IST, and then tries one call (${because})`,
      pauseFixes[because] ?? 'leadline livekit doctor looks for the cause',
    ),
  ];
}

async function examineDashboard(nats: Nats): Promise<Finding[]> {
  const { serving } = await ask(nats, buildState, {});
  return [
    serving === null
      ? note('dashboard', 'counts for the first time', 'wait: pages show what is counted so far')
      : good('dashboard', `serves build ${serving.generation}`),
  ];
}

async function examineDeadLetters(nats: Nats): Promise<Finding[]> {
  const letters = await listDeadLetters(nats, { redriven: false }, letterLimit);
  if (letters.length === 0) return [good('dead letters', 'none')];
  const count = letters.length === letterLimit ? `${letterLimit} or more` : String(letters.length);
  return [note('dead letters', `${count} were not sent back`, 'leadline dlq list shows why')];
}

async function orRefused(about: string, look: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof CommandUnanswered) return [bad(about, error.message, 'see above')];
    const words = error instanceof Error ? error.message : String(error);
    if (error instanceof CommandRefused || /permission/i.test(words))
      return [bad(about, words, 'use the NATS user ops, with the rights that the set-up writes')];
    return [bad(about, words, 'check that JetStream is on, and read the log of nats-server')];
  }
}
