import { callAnswered } from '@leadline/contracts/events/call-answered';
import { callDialFailed } from '@leadline/contracts/events/call-dial-failed';
import { callDialing } from '@leadline/contracts/events/call-dialing';
import type { Database } from '@leadline/database/open-database';
import { endWithUs } from '@leadline/servers/reaper';
import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { until } from '@leadline/testing/until';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { enqueue } from './outbox.ts';

let server: TestNats;
let database: TestDatabase;
let dispatcher: Database;
let processes: RelayProcess[] = [];
beforeEach(async () => {
  [server, database] = await Promise.all([testNats(), testDatabase()]);
  dispatcher = await database.open('dispatcher');
});
afterEach(async () => {
  await Promise.all(processes.map((relay) => relay.kill()));
  processes = [];
  await Promise.all([server.close(), database.drop()]);
});

type RelayProcess = { child: ChildProcess; state(): string; kill(): Promise<void> };

function startProcess(): RelayProcess {
  const { user, pass } = server.user('dispatcher');
  const script = join(import.meta.dirname, '../../test/relay-process.ts');
  const child = spawn(process.execPath, [script, database.roleUrls.dispatcher, server.url, user, pass], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  endWithUs(child);
  let state = '';
  child.stdout.on('data', (data: Buffer) => {
    state = data.toString().trim().split('\n').at(-1) ?? state;
  });
  const gone = once(child, 'exit');
  const started: RelayProcess = {
    child,
    state: () => (child.exitCode === null && child.signalCode === null ? state : 'gone'),
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
  };
  processes.push(started);
  return started;
}

/** Three events a call, one transaction each, as fast as they commit. */
function write(count: { calls: number; stop: boolean }): Promise<void>[] {
  return Array.from({ length: 4 }, async () => {
    while (!count.stop) {
      const callId = ++count.calls;
      const facts = { leadId: callId, source: 'x', room: `r${callId}`, callId };
      const subject = `call/${callId}`;
      const say = (work: Parameters<Database['transaction']>[0]): Promise<unknown> => dispatcher.transaction(work);
      await say((sql) => enqueue(sql, 'dispatcher', callDialing, { subject, data: { ...facts, attempt: 1 } }));
      const answeredAt = new Date().toISOString();
      await say((sql) =>
        enqueue(sql, 'dispatcher', callAnswered, { subject, data: { ...facts, answeredAt, sipCallId: 'SC_1' } }),
      );
      const data = { ...facts, reason: 'rejected', sipStatus: 603, rang: 'yes', numberFree: true } as const;
      await say((sql) => enqueue(sql, 'dispatcher', callDialFailed, { subject, data }));
      await wait(2);
    }
  });
}

/** Every row in the stream exactly once, and those of one call in the order written. */
async function expectAllInOrder(calls: number): Promise<void> {
  await until(
    'all rows are published',
    async () =>
      (await database.query('select 1 from dispatcher_outbox where published_at is null limit 1')).length === 0,
  );
  const ops = await server.connect('ops');
  const consumer = await ops.connection.jetstream().consumers.get('CALLS', { filterSubjects: 'call.>' });
  const expected = calls * 3;
  const ids = new Set<string>();
  const perCall = new Map<string, string[]>();
  let seen = 0;
  const messages = await consumer.fetch({ max_messages: expected + 100, expires: 5_000 });
  for await (const message of messages) {
    seen++;
    ids.add(message.headers?.get('ce-id') ?? '');
    const call = message.headers?.get('ce-subject') ?? '';
    perCall.set(call, [...(perCall.get(call) ?? []), message.subject]);
    if (message.info.pending === 0) messages.stop();
  }
  expect({ seen, distinct: ids.size }).toEqual({ seen: expected, distinct: expected });
  const wrong = [...perCall].filter(
    ([, subjects]) => subjects.join() !== 'call.dialing,call.answered,call.dial_failed',
  );
  expect(wrong).toEqual([]);
}

async function leader(): Promise<RelayProcess> {
  return until('one leads', () => processes.find((relay) => relay.state() === 'relaying'));
}

test('killed relays and a killed nats-server lose nothing, repeat nothing and break no order', async () => {
  startProcess();
  startProcess();
  const count = { calls: 0, stop: false };
  const writers = write(count);
  for (let round = 0; round < 4; round++) {
    const leading = await leader();
    await wait(400);
    await leading.kill();
    startProcess();
    if (round % 2 === 0) await server.restart('kill');
  }
  await wait(500);
  count.stop = true;
  await Promise.all(writers);
  expect(count.calls).toBeGreaterThan(50);
  await expectAllInOrder(count.calls);
});

test('a frozen leader loses its lead to another, and does no harm when it thaws', async () => {
  startProcess();
  const frozen = await leader();
  startProcess();
  const count = { calls: 0, stop: false };
  const writers = write(count);
  await wait(700);
  frozen.child.kill('SIGSTOP');
  const frozenAt = performance.now();
  await until('the other leads', () => processes.find((relay) => relay !== frozen && relay.state() === 'relaying'));
  expect(performance.now() - frozenAt).toBeLessThan(30_000);
  await wait(500);
  frozen.child.kill('SIGCONT');
  await wait(1_500);
  count.stop = true;
  await Promise.all(writers);
  expect(processes.filter((relay) => relay.state() === 'relaying')).toHaveLength(1);
  await expectAllInOrder(count.calls);
});
