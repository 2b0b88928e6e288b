import { endWithUs } from '@leadline/servers/reaper';
import { until } from '@leadline/testing/until';
import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import { buildPrograms, fetchRuntime } from './build-programs.ts';
import { startCluster, type Cluster } from './cluster.ts';
import { findKubernetesTools } from './find-kubernetes-tools.ts';
import { openMachine, type Machine } from './machine.ts';
import { makeImages } from './make-images.ts';
import { addRealNode } from './real-node.ts';
import { parseObjects, render, type KubernetesObject } from './render.ts';

const services = ['ingest', 'dispatcher', 'call-tracker', 'crm-pusher', 'dashboard'];
const say = (line: string): void => void process.stderr.write(`${line}\n`);

let folder: string;
let machine: Machine;
let cluster: Cluster;
let objects: KubernetesObject[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'leadline-pods-'));
  const { kubectl } = await findKubernetesTools();
  const programs = await buildPrograms({ node: true }, say);
  const runtime = await fetchRuntime();
  const images = await makeImages(process.env['LEADLINE_TEST_IMAGES'] ?? folder, say);
  machine = await openMachine();
  cluster = await startCluster(programs, kubectl, { place: machine });
  await addRealNode(cluster, machine, programs, { runtime, images });
  say('a node with a real kubelet is ready');
  objects = withHasteIn(parseObjects(await render(kubectl, 'dev')));
  await kube(['create', '-f', '-'], ['5Gi', '10Gi'].map(volume).join('\n---\n'));
}, 1_800_000);
afterAll(async () => {
  await machine?.stop();
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
}, 120_000);

async function kube(args: string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await cluster.kubectl(args, input);
  if (code !== 0) throw new Error(`kubectl ${args.slice(0, 4).join(' ')}: ${stderr}`);
  return stdout;
}

function volume(storage: string): string {
  const path = join(folder, `volume-${storage}`);
  mkdirSync(path);
  // fsGroup does not reach a folder of the machine.
  chmodSync(path, 0o777);
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: `volume-${storage.toLowerCase()}` },
    spec: { capacity: { storage }, accessModes: ['ReadWriteOnce'], hostPath: { path } },
  });
}

/** The CRM's budget of 90 requests a minute, and dev's few lines, would take many minutes for the leads of this test. */
const haste: Record<string, Record<string, string>> = {
  'crm-pusher': { CRM_REQUESTS_PER_MINUTE: '100000' },
  simulator: { CRM_REQUESTS_PER_MINUTE: '100000' },
  dispatcher: { MAX_CONCURRENT_CALLS: '50', CALLS_PER_SECOND: '20' },
};

function withHasteIn(all: KubernetesObject[]): KubernetesObject[] {
  return all.map((object) => {
    const [, service = ''] = /^(.*)-[a-z0-9]{10}$/.exec(object.metadata.name) ?? [];
    if (object.kind !== 'ConfigMap' || !(service in haste)) return object;
    return { ...object, data: { ...(object['data'] as object), ...haste[service] } };
  });
}

/** How much came in, and what its senders met. */
function tellLoad(leads: z.output<typeof posted>[], meanwhile: string): void {
  const faults = leads.flatMap((lead) => lead.faults);
  say(
    `${leads.length} leads came in while ${meanwhile}; ${faults.length} tries were not taken ${[...new Set(faults)].join(', ')}`,
  );
}

async function apply(all: KubernetesObject[]): Promise<void> {
  await kube(
    ['apply', '--server-side', '--force-conflicts', '-f', '-'],
    all.map((number) => stringify(number)).join('---\n'),
  );
}

const untilRolledOut = (name: string): Promise<string> =>
  kube(['rollout', 'status', '--namespace', 'leadline', `deployment/${name}`, '--timeout=280s']);

const crmLine = z.object({
  event: z.string(),
  mobile: z.string().optional(),
  customerId: z.string().optional(),
  id: z.string(),
});
const phoneLine = z.object({ event: z.string(), number: z.string() });

async function logOf<T>(file: string, line: z.ZodType<T>): Promise<T[]> {
  const text = await kube(['exec', '--namespace', 'leadline', 'deployment/simulator', '--', 'cat', `/logs/${file}`]);
  return text
    .split('\n')
    .filter((row) => row !== '')
    .map((row) => line.parse(JSON.parse(row)));
}

/** How many tasks each number has in the CRM, and how often it rang. */
async function outcome(): Promise<{ tasks: Map<string, number>; rings: Map<string, number> }> {
  const crm = await logOf('crm.jsonl', crmLine);
  const mobiles = new Map(
    crm.filter(({ event }) => event === 'customer.created').map((entry) => [entry.id, entry.mobile ?? '']),
  );
  const count = (all: string[]): Map<string, number> => {
    const counts = new Map<string, number>();
    for (const number of all) counts.set(number.slice(-10), (counts.get(number.slice(-10)) ?? 0) + 1);
    return counts;
  };
  const tasks = crm
    .filter(({ event }) => event === 'task.created')
    .map((entry) => entry.mobile ?? mobiles.get(entry.customerId ?? '') ?? '');
  const rings = (await logOf('phone.jsonl', phoneLine))
    .filter(({ event }) => event === 'invite')
    .map(({ number }) => number);
  return { tasks: count(tasks), rings: count(rings) };
}

const posted = z.object({
  phone: z.string(),
  status: z.union([z.number(), z.string()]),
  faults: z.array(z.union([z.number(), z.string()])),
});

/** Leads come in through the Service, one each second, while `work` runs; answers what became of each POST. */
async function underLoad(firstNumber: number, work: () => Promise<void>): Promise<z.output<typeof posted>[]> {
  const address = (
    await kube(['get', 'service', 'ingest', '-n', 'leadline', '-o', 'jsonpath={.spec.clusterIP}'])
  ).trim();
  const script = join(import.meta.dirname, 'post-leads.ts');
  const args = [script, `http://${address}`, 'dev-only-key-of-the-website', String(firstNumber), '1000'];
  const loader: ChildProcess = spawn(...machine.within(process.execPath, args), {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  endWithUs(loader);
  let text = '';
  loader.stdout?.on('data', (data: Buffer) => (text += data.toString()));
  try {
    await until('leads flow', () => text.includes('"status":202'), 30_000);
    await work();
  } finally {
    // What is on its way is answered before its sender goes.
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    await machine.run('pkill', '-f', script).catch(() => undefined);
  }
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => posted.parse(JSON.parse(line)));
}

/** Those that were not taken, did not ring once, or are not one task, after time enough for all of them. */
async function oddOnes(leads: z.output<typeof posted>[]): Promise<unknown[]> {
  const refused = leads.filter(({ status }) => status !== 202);
  if (refused.length > 0) return refused;
  const numbers = leads.map(({ phone }) => phone.slice(-10));
  const without = async (): Promise<string[]> => {
    const { tasks } = await outcome();
    return numbers.filter((number) => !tasks.has(number));
  };
  await until('every lead is a task', async () => (await without()).length === 0, 240_000).catch(
    async (cause: unknown) => {
      throw new Error(`not every lead is a task:\n${await storyOf(await without())}`, { cause });
    },
  );
  const { tasks, rings } = await outcome();
  const odd = numbers.filter((number) => tasks.get(number) !== 1 || rings.get(number) !== 1);
  return odd.length === 0 ? [] : [await storyOf(odd)];
}

/** What our rows say of these numbers: their leads with each attempt. */
async function storyOf(numbers: string[]): Promise<string> {
  const select = `select right(l.phone, 10) as number, l.status, l.failure_reason, l.retry_count, l.retry_after, c.id as call,
      c.attempt, c.status as call_status, c.failure_reason as call_failure, d.put_back_reason, d.claimed_at, d.sent_at
    from leads l left join calls c on c.lead_id = l.id left join dials d on d.call_id = c.id
    where right(l.phone, 10) in (${numbers.map((number) => `'${number}'`).join(', ')}) order by l.id, c.id`;
  const psql = ['psql', '-U', 'leadline', '-d', 'leadline', '-x', '-c', select];
  return kube(['exec', '-n', 'leadline', 'statefulset/postgres', '--', ...psql]);
}

test('one apply, and sample leads become tasks', { timeout: 600_000 }, async () => {
  await apply(objects);
  await kube(['wait', '-n', 'leadline', 'job/setup', '--for=condition=Complete', '--timeout=400s']);
  for (const name of services) await untilRolledOut(name);
  const talkers = ['9000002042', '9000012042', '9000001042', '9000022042'];
  await until(
    'the sample leads are tasks',
    async () => {
      const { tasks } = await outcome();
      return talkers.every((number) => tasks.has(number));
    },
    120_000,
  );
  const { tasks } = await outcome();
  expect(Object.fromEntries(tasks)).toEqual(Object.fromEntries(talkers.map((number) => [number, 1])));
});

test('the pods run as they are meant to: not root, read-only, without capabilities', async () => {
  for (const name of services) {
    const read = (...command: string[]): Promise<string> =>
      kube(['exec', '-n', 'leadline', `deployment/${name}`, '--', ...command]);
    const status = await read('cat', '/proc/1/status');
    expect(status).toMatch(/^Uid:\s+1000\s/m);
    expect(status).toMatch(/^CapEff:\s+0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
    expect(status).toMatch(/^Seccomp:\s+2$/m);
    await expect(read('touch', '/app/x')).rejects.toThrow(/Read-only file system/);
  }
});

test('a rolling restart of every service under load loses and repeats nothing', { timeout: 1_200_000 }, async () => {
  const leads = await underLoad(1_000, async () => {
    for (const name of services) {
      await kube(['rollout', 'restart', '--namespace', 'leadline', `deployment/${name}`]);
      await untilRolledOut(name);
    }
  });
  tellLoad(leads, 'every service was restarted');
  expect(await oddOnes(leads)).toEqual([]);
});

test('passwords are changed while leads flow', { timeout: 1_200_000 }, async () => {
  const secret = (name: string): KubernetesObject => {
    const found = objects.find(({ kind, metadata }) => kind === 'Secret' && metadata.name.startsWith(`${name}-`));
    if (found === undefined) throw new Error(`no Secret ${name}`);
    return found;
  };
  const withData = (object: KubernetesObject, data: Record<string, string>): KubernetesObject => ({
    ...object,
    data: {
      ...(object['data'] as object),
      ...Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])),
    },
  });
  const secondLogin = (service: string, password: string): Record<string, string> => ({
    NATS_USER: `${service}-2`,
    NATS_PASS: password,
    DATABASE_USER: `leadline_${service.replace('-', '_')}_2`,
    DATABASE_PASSWORD: password,
  });
  const leads = await underLoad(5_000, async () => {
    // A second login for two of them, known to NATS before anybody uses it.
    const second = {
      LEADLINE_NATS_PASSWORD_INGEST_2: 'dev-only-second-ingest',
      LEADLINE_NATS_PASSWORD_CRM_PUSHER_2: 'dev-only-second-pusher',
    };
    await apply([withData(secret('nats'), second)]);
    await kube(['rollout', 'restart', '-n', 'leadline', 'statefulset/nats']);
    // Postgres has them once the set-up has run.
    const logins = {
      LEADLINE_DB_PASSWORD_INGEST_2: 'dev-only-second-ingest',
      LEADLINE_DB_PASSWORD_CRM_PUSHER_2: 'dev-only-second-pusher',
    };
    await apply([withData(secret('setup'), logins)]);
    await kube(['delete', 'job/setup', '-n', 'leadline', '--wait=true']);
    await apply(objects.filter(({ kind, metadata }) => kind === 'Job' && metadata.name === 'setup'));
    await kube(['wait', '-n', 'leadline', 'job/setup', '--for=condition=Complete', '--timeout=280s']);
    await kube(['rollout', 'status', '-n', 'leadline', 'statefulset/nats', '--timeout=280s']);
    await apply([
      withData(secret('ingest'), secondLogin('ingest', 'dev-only-second-ingest')),
      withData(secret('crm-pusher'), secondLogin('crm-pusher', 'dev-only-second-pusher')),
    ]);
    for (const name of ['ingest', 'crm-pusher']) {
      await kube(['rollout', 'restart', '--namespace', 'leadline', `deployment/${name}`]);
      await untilRolledOut(name);
    }
  });
  tellLoad(leads, 'passwords were changed');
  for (const [name, user] of [
    ['ingest', 'ingest-2 leadline_ingest_2'],
    ['crm-pusher', 'crm-pusher-2 leadline_crm_pusher_2'],
  ] as const) {
    const echo = ['sh', '-c', 'echo "$NATS_USER $DATABASE_USER"'];
    expect((await kube(['exec', '-n', 'leadline', `deployment/${name}`, '--', ...echo])).trim()).toBe(user);
  }
  expect(await oddOnes(leads)).toEqual([]);
});
