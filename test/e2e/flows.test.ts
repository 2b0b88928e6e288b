import { readLocalConfig } from '@leadline/local/config';
import type { RunFile } from '@leadline/local/run-file';
import { startWorld, type RunningWorld } from '@leadline/local/start-world';
import { until } from '@leadline/testing/until';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { readFlows, tell } from '../kubernetes/read-flows.ts';
import { connectionsOf } from '../kubernetes/watch-connections.ts';

let folder: string;
let world: RunningWorld;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'leadline-flows-'));
  const config = readLocalConfig({ LEADLINE_STATE_DIR: folder, SAMPLE_LEADS: 'off' });
  world = await startWorld(config, { env: {}, say: () => undefined, natsMoved: () => undefined });
});
afterAll(async () => {
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** As they are called in Kubernetes. */
const podNames: Record<string, string> = { callTracker: 'call-tracker', crmPusher: 'crm-pusher' };
const notes = z.array(z.object({ name: z.string(), pid: z.number() }));

function everybody(): { name: string; pid: number }[] {
  const noted = notes.parse(JSON.parse(readFileSync(join(folder, 'processes.json'), 'utf8')));
  return noted.filter(({ pid }) => pid !== process.pid).map(({ name, pid }) => ({ name: podNames[name] ?? name, pid }));
}

/** What listens here on any port, and where it would listen in Kubernetes. */
function portsInKubernetes(): Map<number, { to: string; port: string }> {
  const run = world.run();
  const of = (url: string): number => Number(new URL(url).port);
  return new Map([
    [of(run.postgres.url), { to: 'postgres', port: '5432' }],
    [of(run.nats.url), { to: 'nats', port: '4222' }],
    [of(run.simulator.url), { to: 'simulator', port: '7880' }],
    [of(run.ingest), { to: 'ingest', port: '8080' }],
    [of(run.callTracker), { to: 'call-tracker', port: '8080' }],
    [of(run.dashboard), { to: 'dashboard', port: '8080' }],
  ]);
}

test('the running services open the connections of the handbook, each of them and no other', async (context) => {
  if (process.platform !== 'linux') return context.skip('sockets are read from /proc, which only Linux has');
  const processes = everybody();
  const ports = portsInKubernetes();
  const seen = new Map<string, { from: string; to: string; port: string }>();
  const strange = new Set<string>();
  const look = (): void => {
    for (const { name, pid } of processes) {
      const connections = connectionsOf(pid);
      const own = new Set(connections.filter(({ listening }) => listening).map(({ local }) => local));
      for (const { local, remote, listening } of connections) {
        // At this end somebody came in.
        if (listening || own.has(local)) continue;
        const flow = ports.get(remote);
        if (flow === undefined) strange.add(`${name} → port ${remote}`);
        else seen.set(`${name} ${flow.to} ${flow.port}`, { from: name, ...flow });
      }
    }
  };
  const here = new Set(processes.map(({ name }) => name));
  const told = readFlows([]).filter(
    // One server has no cluster.
    ({ from, to, where }) => here.has(from) && here.has(to) && from !== to && ['all', 'dev'].includes(where),
  );
  expect(here.size).toBe(8);
  const looking = setInterval(look, 20);
  try {
    await liveThrough(world.run());
    // What is not seen by then is told below.
    await until('every connection was seen', () => seen.size >= told.length, 60_000).catch(() => undefined);
  } finally {
    clearInterval(looking);
  }
  expect([...strange]).toEqual([]);
  expect(tell([...seen.values()])).toEqual(tell(told));
});

/** A lead becomes a task, another is refused, an agent dies in mid-call, and somebody reads in the dashboard. */
async function liveThrough(run: RunFile): Promise<void> {
  for (const [index, phone] of ['+919000002042', '+919000002486', '+919000002233'].entries()) {
    const answer = await fetch(`${run.ingest}/v1/leads`, {
      method: 'POST',
      headers: { authorization: `Bearer ${run.apiKey}` },
      body: JSON.stringify({ name: 'Asha Verma', phone, sourceLeadId: `flows-${index}` }),
    });
    expect(answer.status).toBe(202);
  }
  const { name, password } = run.dashboardUsers.operator;
  const login = await fetch(`${run.dashboard}/login`, {
    method: 'POST',
    redirect: 'manual',
    headers: { origin: run.dashboard },
    body: new URLSearchParams({ name, password }),
  });
  const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? '';
  const reference = await fetch(`${run.dashboard}/openapi.json`, { headers: { cookie } });
  expect(reference.status).toBe(200);
  await until('the task is in the CRM', () => readFileSync(run.simulator.crmLog, 'utf8').includes('"task.created"'));
}

/** What the pages and the phone show of one number. */
async function asDatabase<T>(work: (query: (text: string, values: unknown[]) => Promise<T[]>) => Promise<void>) {
  const client = new Client({ connectionString: world.run().postgres.url });
  await client.connect();
  try {
    await work(async (text, values) => (await client.query(text, values)).rows as T[]);
  } finally {
    await client.end();
  }
}

type Found = { id: number; status: string; waits: string | null; calls: number; tasks: number; ringing: boolean };
const aboutNumber = `
  select l.id, l.status, l.retry_count, w.reason as waits,
         (select count(*)::int from calls c where c.lead_id = l.id) as calls,
         (select count(*)::int from crm_enquiries t where t.lead_id = l.id and t.told_at is not null) as tasks,
         exists (select from calls c join dials d on d.call_id = c.id
                  where c.lead_id = l.id and c.status = 'calling' and d.sent_at is not null) as ringing
    from leads l left join lead_waits w on w.lead_id = l.id where l.phone = $1 order by l.id`;
const rings = (phone: string): number =>
  readFileSync(world.run().simulator.phoneLog, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"invite"') && line.includes(phone.slice(-10))).length;
const tasks = (): string[] =>
  readFileSync(world.run().simulator.crmLog, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"task.created"'));

async function enquire(phone: string, more: Record<string, string>): Promise<number> {
  const { ingest, apiKey } = world.run();
  const answer = await fetch(`${ingest}/v1/leads`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}` },
    body: JSON.stringify({ name: 'Asha Verma', phone, ...more }),
  });
  expect(answer.status).toBe(202);
  return z.object({ id: z.number() }).parse(await answer.json()).id;
}

test('who asks again right after a talk is not rung: the CRM is told at once, and the lead is settled', async () => {
  const phone = '+919821102042';
  const first = await enquire(phone, { sourceLeadId: 'pause-1', productName: 'Cup machine' });
  await asDatabase<Found>(async (query) => {
    const find = async (id: number) => (await query(aboutNumber, [phone])).find((one) => one.id === id);
    const pushed = `select id from calls where lead_id = $1 and status = 'pushed'`;
    await until('the first is in the CRM', async () => (await query(pushed, [first])).length === 1);
    await until(
      'the first is settled',
      async () =>
        (await query(`select 1 from dials where lead_id = $1 and decided_at is not null`, [first])).length === 1,
    );
    const second = await enquire(phone, { sourceLeadId: 'pause-2', productName: 'Plate machine' });
    expect(second).not.toBe(first);
    await until('the CRM is told of the second', async () => (await find(second))?.tasks === 1);
    await until('it is settled', async () => (await find(second))?.status === 'dispatched');
    expect(await find(second)).toMatchObject({ calls: 0, waits: null });
    expect(rings(phone)).toBe(1);
    expect(tasks().filter((line) => line.includes('enquiry-'))).toHaveLength(1);
  });
});

test('an enquiry that joins while the last attempt rings is followed by another attempt', async () => {
  const phone = '+919821102180';
  const id = await enquire(phone, { sourceLeadId: 'last-1', productName: 'Cup machine' });
  await asDatabase<Found & { retry_count: number }>(async (query) => {
    // As after three attempts that nobody took, long ago.
    await query(`update leads set retry_count = 3 where id = $1`, [id]);
    await until('the last attempt rings', async () => (await query(aboutNumber, [phone]))[0]?.ringing === true);
    expect(await enquire(phone, { sourceLeadId: 'last-2', productName: 'Plate machine' })).toBe(id);
    const after = async () => (await query(aboutNumber, [phone]))[0];
    await until('it is decided', async () => (await after())?.ringing === false);
    await until('it waits for its next attempt', async () => (await after())?.status === 'new');
    expect(await after()).toMatchObject({ retry_count: 0, calls: 1 });
  });
});
