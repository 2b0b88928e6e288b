import { listDeadLetters } from '@leadline/messaging/redrive';
import { durables } from '@leadline/messaging/topology';
import { until } from '@leadline/testing/until';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { numberEnding, startSystem, type System } from './system.ts';

let system: System;
beforeEach(async () => {
  system = await startSystem();
  // Far fewer deliveries than the tries of an outage.
  const provisioner = await system.nats.connect('provisioner');
  const manager = await provisioner.connection.jetstreamManager({ checkAPI: false });
  for (const [name, { stream }] of Object.entries(durables))
    if (stream !== 'ADVISORIES') await manager.consumers.update(stream, name, { max_deliver: 2 });
});
afterEach(() => system.stop());

/** For new sessions, as after a failover to a standby's address; those there are end. */
async function setReadOnly(on: boolean): Promise<void> {
  const [found] = await system.db.query<{ name: string }>('select current_database() as name');
  await system.db.query('set default_transaction_read_only = off');
  await system.db.query(
    `alter database ${found?.name} ${on ? 'set default_transaction_read_only = on' : 'reset default_transaction_read_only'}`,
  );
  if (on)
    await system.db.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`,
    );
}

/** What each `/readyz` says. */
const readiness = (): Promise<string[]> =>
  Promise.all(system.adminUrls.map(async (url) => (await fetch(`${url}/readyz`)).text()));
const post = (phone: string): Promise<Response> =>
  fetch(`${system.ingestUrl}/v1/leads`, {
    method: 'POST',
    headers: { authorization: `Bearer ${system.apiKey}` },
    body: JSON.stringify({ name: 'Asha Verma', phone }),
  });

test('a Postgres that becomes read-only in mid-call costs delay: nobody is rung twice, nothing is a dead letter', async () => {
  const numbers = Array.from({ length: 6 }, () => numberEnding('2042'));
  const ids = await Promise.all(numbers.map((number) => system.post(number)));
  await until('some talk', () => system.phone().filter(({ event }) => event === 'answered').length >= 2);
  await setReadOnly(true);
  await until('every service says so', async () =>
    (await readiness()).every((state) => state.includes('the database is read-only')),
  );
  expect((await post(numberEnding('2042'))).status).toBe(503);
  const rung = system.phone().filter(({ event }) => event === 'invite').length;
  await wait(8_000);
  expect(system.phone().filter(({ event }) => event === 'invite')).toHaveLength(rung);

  await setReadOnly(false);
  await Promise.all(ids.map((id) => system.callIs(id, 'pushed')));
  expect(numbers.map((number) => system.invites(number))).toEqual(numbers.map(() => 1));
  expect(system.crm().filter(({ event }) => event === 'task.created')).toHaveLength(ids.length);
  expect(await listDeadLetters(system.ops)).toEqual([]);
  await until('all are ready', async () => (await readiness()).every((state) => state.includes('"ready":true')));
});

test(
  'LiveKit and the CRM away for more tries than deliveries: everybody is rung and told in the end',
  { timeout: 240_000 },
  async () => {
    await system.faults({ noRedis: true, crm: { status: 503 } });
    const numbers = Array.from({ length: 3 }, () => numberEnding('2042'));
    const ids = await Promise.all(numbers.map((number) => system.post(number)));
    await wait(8_000);
    await system.faults({ crm: { status: 503 } });
    await Promise.all(ids.map((id) => system.callIs(id, 'called', 90_000)));
    await wait(12_000);
    await system.faults({});
    await Promise.all(ids.map((id) => system.callIs(id, 'pushed')));
    expect(numbers.map((number) => system.invites(number))).toEqual(numbers.map(() => 1));
    expect(await listDeadLetters(system.ops)).toEqual([]);
  },
);
