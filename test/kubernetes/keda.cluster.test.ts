import type { NatsUser } from '@leadline/messaging/permissions';
import { until } from '@leadline/testing/until';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import { addKeda } from './add-keda.ts';
import { buildPrograms } from './build-programs.ts';
import { addSimulatedNodes, startCluster, type Cluster } from './cluster.ts';
import { findKubernetesTools } from './find-kubernetes-tools.ts';
import { openMachine, type Machine } from './machine.ts';
import { podsOf } from './pods-of.ts';
import { readStages } from './read-stages.ts';
import { parseObjects, render, type KubernetesObject } from './render.ts';
import { startNatsCluster, type NatsLogin } from './start-nats-cluster.ts';

let machine: Machine;
let cluster: Cluster;
let objects: KubernetesObject[];
let loginOf: (user: NatsUser) => NatsLogin;
beforeAll(async () => {
  const { kubectl } = await findKubernetesTools();
  const programs = await buildPrograms({ keda: true }, () => undefined);
  machine = await openMachine();
  // The autoscaler looks each 15 s, and takes pods away five minutes after they were last needed, unless it is told.
  const autoscaler = ['sync-period=3s', 'downscale-stabilization=9s'];
  const controllers = autoscaler.map((setting) => `--horizontal-pod-autoscaler-${setting}`);
  cluster = await startCluster(programs, kubectl, { place: machine, controllers });
  await addSimulatedNodes(cluster, programs, await readStages(kubectl, 'fast'));
  await addKeda(cluster, machine, programs);
  loginOf = await startNatsCluster(cluster, machine);
  await until(
    'the servers are one cluster, and have our streams',
    async () => {
      await backlog('provisioner', 'provision');
      return true;
    },
    90_000,
  );
  objects = parseObjects(await render(kubectl, 'prod', 'keda'));
  await apply(objects.filter(({ kind }) => kind === 'Namespace'));
  // KEDA reads the Secrets of the pods that it scales, and does nothing while one is missing.
  const secrets = new Set(podsOf(objects).flatMap((pod) => pod.secrets));
  await apply([...secrets].map(emptySecret));
  await apply(objects);
}, 1_800_000);
afterAll(async () => {
  await machine?.stop();
  await cluster?.stop();
}, 120_000);

async function kube(args: string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await cluster.kubectl(args, input);
  if (code !== 0) throw new Error(`kubectl ${args.slice(0, 4).join(' ')}: ${stderr}`);
  return stdout;
}

async function apply(all: KubernetesObject[]): Promise<void> {
  const text = all.map((object) => stringify(object, { aliasDuplicateObjects: false })).join('---\n');
  await kube(['apply', '--server-side', '--force-conflicts', '--validate=strict', '-f', '-'], text);
}

function emptySecret(name: string): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'leadline' } };
}

async function get<T>(of: string, schema: z.ZodType<T>): Promise<T> {
  return schema.parse(JSON.parse(await kube(['get', of, '--namespace', 'leadline', '--output', 'json'])));
}

/** As one of our users: fills streams, or takes what waits in them. */
async function backlog(user: NatsUser, ...args: string[]): Promise<void> {
  const { url, pass } = loginOf(user);
  const environment = [`NATS_URL=${url}`, `NATS_USER=${user}`, `NATS_PASS=${pass}`];
  await machine.run('env', ...environment, process.execPath, join(import.meta.dirname, 'backlog.ts'), ...args);
}

const deployment = z.object({
  // Goes up with each change of what is wanted, so also with each scaling.
  metadata: z.object({ generation: z.number() }),
  spec: z.object({ replicas: z.number() }),
});
const autoscaler = z.object({
  spec: z.object({ scaleTargetRef: z.object({ name: z.string() }) }),
  status: z.object({
    currentMetrics: z
      .array(
        z.object({ external: z.object({ current: z.object({ averageValue: z.string().optional() }) }).optional() }),
      )
      .nullish(),
    conditions: z.array(z.object({ type: z.string(), status: z.string(), reason: z.string() })).default([]),
  }),
});
type Autoscaler = z.output<typeof autoscaler>;

const scaled = ['call-tracker', 'crm-pusher'];
const autoscalerOf = (service: string): Promise<Autoscaler> => get(`hpa/keda-hpa-${service}`, autoscaler);
const stateOf = async (service: string): Promise<{ replicas: number; generation: number }> => {
  const { metadata, spec } = await get(`deployment/${service}`, deployment);
  return { replicas: spec.replicas, generation: metadata.generation };
};
const reasonOf = ({ status }: Autoscaler, condition: string): string | undefined =>
  status.conditions.find(({ type, status: is }) => type === condition && is === 'True')?.reason;
const untilReplicas = (service: string, wanted: number): Promise<unknown> =>
  until(
    `${service} has ${wanted} replicas`,
    async () => {
      const { replicas } = await stateOf(service);
      if (replicas !== wanted) throw new Error(`${replicas}: ${JSON.stringify((await autoscalerOf(service)).status)}`);
      return true;
    },
    120_000,
  );

test('nobody scales but what its ScaledObject names, and never the dispatcher', async () => {
  await kube(['wait', '-n', 'leadline', 'deployment', '--all', '--for=condition=Available', '--timeout=120s']);
  await kube(['wait', '-n', 'leadline', 'scaledobject', '--all', '--for=condition=Ready', '--timeout=120s']);
  const { items } = await get('hpa', z.object({ items: z.array(autoscaler) }));
  const targets = items.map(({ spec }) => spec.scaleTargetRef.name).toSorted();
  expect(targets).toEqual(['call-tracker', 'crm-pusher', 'ingest']);
});

test('with nothing waiting each has its two replicas, by a metric that is read', async () => {
  for (const service of scaled) {
    const { status } = await until(
      `the backlog of ${service} is read`,
      async () => {
        const seen = await autoscalerOf(service);
        return reasonOf(seen, 'ScalingActive') === 'ValidMetricFound' && seen;
      },
      120_000,
    );
    const values = status.currentMetrics?.map(({ external }) => external?.current.averageValue);
    expect(values).toEqual(service === 'crm-pusher' ? ['0'] : ['0', '0']);
    await untilReplicas(service, 2);
  }
});

test('what waits for others scales nobody; what waits for crm-pusher brings one replica for each 20', async () => {
  const before = await stateOf('crm-pusher');
  // In the same stream, for the dashboard alone; and in another for the dispatcher.
  await backlog('call-tracker', 'fill', 'call.ended', '300');
  await backlog('ingest', 'fill', 'lead.created', '300');
  await backlog('call-tracker', 'fill', 'call.qualified', '50');
  await untilReplicas('crm-pusher', 3);
  // One change: nothing came before it, and it did not go too far.
  expect((await stateOf('crm-pusher')).generation).toBe(before.generation + 1);
});

test('a greater backlog brings replicas up to the bound', async () => {
  await backlog('call-tracker', 'fill', 'call.qualified', '400');
  await untilReplicas('crm-pusher', 4);
  await until(
    'the autoscaler would take more',
    async () => reasonOf(await autoscalerOf('crm-pusher'), 'ScalingLimited') === 'TooManyReplicas',
    60_000,
  );
  expect((await stateOf('crm-pusher')).replicas).toBe(4);
});

test('once it is worked off the two are left', async () => {
  await backlog('crm-pusher', 'drain', 'CALLS', 'crm-pusher');
  await untilReplicas('crm-pusher', 2);
  expect((await autoscalerOf('crm-pusher')).status.currentMetrics?.[0]?.external?.current.averageValue).toBe('0');
});

test('call-tracker follows either of its durables', async () => {
  const pusher = await stateOf('crm-pusher');
  await backlog('agent', 'fill', 'agent.ready', '250');
  await untilReplicas('call-tracker', 3);
  await backlog('call-tracker', 'drain', 'AGENT', 'call-tracker-agent');
  await untilReplicas('call-tracker', 2);
  await backlog('dispatcher', 'fill', 'call.dialing', '350');
  await untilReplicas('call-tracker', 4);
  await backlog('call-tracker', 'drain', 'CALLS', 'call-tracker-calls');
  await untilReplicas('call-tracker', 2);
  expect(await stateOf('crm-pusher')).toEqual(pusher);
});

test('a scaler of a durable that is not there would be seen', async () => {
  const ours = objects.find(({ kind, metadata }) => kind === 'ScaledObject' && metadata.name === 'crm-pusher');
  if (ours === undefined) throw new Error('crm-pusher has no ScaledObject');
  const wrong = stringify(ours).replace('consumer: crm-pusher', 'consumer: crm-pushers');
  await apply(parseObjects(wrong));
  await until(
    'the metric is missing',
    async () =>
      (await autoscalerOf('crm-pusher')).status.conditions.some(({ reason }) => reason === 'FailedGetExternalMetric'),
    120_000,
  );
  await apply([ours]);
  const again = await until(
    'it is read again',
    async () => reasonOf(await autoscalerOf('crm-pusher'), 'ScalingActive'),
    120_000,
  );
  expect(again).toBe('ValidMetricFound');
});

test('the dispatcher was never scaled', async () => {
  expect(await stateOf('dispatcher')).toEqual({ replicas: 2, generation: 1 });
});
