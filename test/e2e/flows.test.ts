import { readLocalConfig } from '@leadline/local/config';
import type { RunFile } from '@leadline/local/run-file';
import { startWorld, type RunningWorld } from '@leadline/local/start-world';
import { until } from '@leadline/testing/until';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  await until(
    'the task is in the CRM',
    () => readFileSync(run.simulator.crmLog, 'utf8').includes('"task.created"'),
    30_000,
  );
}
