import { spawn } from 'node:child_process';
import { connectNats } from '@leadline/messaging/connect';
import { silentLog } from '@leadline/testing/silent-log';
import { median } from './figures.ts';
import type { Servers } from './servers.ts';

export type Tailing = Record<'tail' | 'bare', { ms: number }>;

const events = 5_000;
const rounds = 7;
const program = (path: string): string => new URL(path, import.meta.url).pathname;

/** How long `leadline tail` and a bare nats client take, process start to end, to print the same stored events. */
export async function measureTail(servers: Servers, say: (line: string) => void): Promise<Tailing> {
  const stand = await servers.stand('tailing');
  const { url: NATS_URL, user: NATS_USER, pass: NATS_PASS } = stand.nats('ops');
  const nats = await connectNats({ url: NATS_URL, user: NATS_USER, pass: NATS_PASS, name: 'bench', log: silentLog });
  const jetstream = nats.connection.jetstream();
  for (let first = 0; first < events; first += 500) {
    await Promise.all(
      Array.from({ length: 500 }, (_, n) =>
        jetstream.publish('call.failed', JSON.stringify(toEvent(first + n)), { msgID: `bench-${first + n}` }),
      ),
    );
  }
  await nats.close();

  const run = {
    tail: () =>
      timed([program('../../packages/cli/src/main.ts'), 'tail', 'call', '--last', String(events), '--no-follow'], {
        NATS_URL,
        NATS_USER,
        NATS_PASS,
      }),
    bare: () => timed([program('bare-tail.ts'), NATS_URL, NATS_USER, NATS_PASS, 'CALLS', String(events)], {}),
  };
  const taken: Record<keyof typeof run, number[]> = { tail: [], bare: [] };
  for (let round = 0; round <= rounds; round++) {
    for (const who of ['tail', 'bare'] as const) {
      const ms = await run[who]();
      // The first of each warms the files up.
      if (round > 0) taken[who].push(ms);
    }
  }
  const result = { tail: { ms: median(taken.tail) }, bare: { ms: median(taken.bare) } };
  say(
    `printing ${events} stored events: leadline tail ${result.tail.ms.toFixed(0)} ms, bare ${result.bare.ms.toFixed(0)} ms`,
  );
  return result;
}

function toEvent(n: number): Record<string, unknown> {
  return {
    leadId: n,
    source: 'website',
    room: `call-${n}-aaaaaaaaaaaa`,
    callId: n,
    attempt: 1,
    reason: 'rejected',
    sipStatus: 486,
    rang: 'yes',
    durationSeconds: 2,
    talkSeconds: 0,
    doNotCall: false,
    callbackAt: null,
  };
}

/** Runs a program to its end. @throws Error when it does not print a line for each event */
async function timed(args: string[], env: Record<string, string>): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let lines = 0;
  child.stdout.on('data', (data: Buffer) => {
    for (const byte of data) if (byte === 10) lines++;
  });
  await new Promise((resolve) => {
    child.on('close', resolve);
  });
  if (lines !== events) throw new Error(`${args[0]} printed ${lines} lines, not ${events}`);
  return performance.now() - startedAt;
}
