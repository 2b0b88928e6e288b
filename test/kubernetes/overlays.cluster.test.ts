import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import { buildPrograms, moduleFolder } from './build-programs.ts';
import { addSimulatedNodes, startCluster, type Answer, type Cluster } from './cluster.ts';
import { drainNodes } from './drain-nodes.ts';
import { findKubernetesTools } from './find-kubernetes-tools.ts';
import { countReady } from './ready-pods.ts';
import { readStages } from './read-stages.ts';
import { components, parseObjects, render, type Component, type KubernetesObject } from './render.ts';

let cluster: Cluster;
let kubectl: string;
let nodes: string[];
beforeAll(async () => {
  ({ kubectl } = await findKubernetesTools());
  const programs = await buildPrograms({}, () => undefined);
  cluster = await startCluster(programs, kubectl);
  await applyCustomKinds();
  nodes = await addSimulatedNodes(cluster, programs, await readStages(kubectl, 'slow'));
  await expectDone(['create', 'namespace', 'leadline']);
  await apply(parseObjects(await render(kubectl, 'dev')).filter(({ kind }) => kind === 'Namespace'));
});
afterAll(() => cluster?.stop());

/** Kinds that others bring. Of NACK and CloudNativePG no registry has them: those objects are left out here. */
const unknownHere = ['jetstream.nats.io/v1beta2', 'postgresql.cnpg.io/v1'];

async function applyCustomKinds(): Promise<void> {
  const [keda, prometheus, secrets] = await Promise.all([
    moduleFolder('keda'),
    moduleFolder('prometheusOperator'),
    moduleFolder('externalSecrets'),
  ]);
  const files = [
    ...yamlFiles(join(keda, 'config/crd/bases')),
    ...yamlFiles(join(prometheus, 'example/prometheus-operator-crd')),
    join(secrets, 'config/crds/bases/external-secrets.io_externalsecrets.yaml'),
  ];
  await expectDone(['apply', '--server-side', ...files.flatMap((file) => ['-f', file])]);
  await expectDone(['wait', 'crd', '--all', '--for=condition=Established', '--timeout=60s']);
}

function yamlFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.includes('.sh_') || name.includes('.com_'))
    .map((name) => join(folder, name));
}

async function expectDone(args: string[], input?: string): Promise<void> {
  const { code, stderr } = await cluster.kubectl(args, input);
  if (code !== 0) throw new Error(`kubectl ${args.slice(0, 3).join(' ')}: ${stderr}`);
}

function apply(objects: KubernetesObject[], ...options: string[]): Promise<Answer> {
  const args = ['apply', '--server-side', '--force-conflicts', '--validate=strict', ...options, '-f', '-'];
  return cluster.kubectl(
    args,
    objects.map((object) => stringify(object, { aliasDuplicateObjects: false })).join('---\n'),
  );
}

async function objectsOf(overlay: 'dev' | 'prod', ...chosen: Component[]): Promise<KubernetesObject[]> {
  const objects = parseObjects(await render(kubectl, overlay, ...chosen));
  return objects.filter(({ apiVersion }) => !unknownHere.includes(apiVersion));
}

function find(objects: KubernetesObject[], kind: string, name: string): KubernetesObject {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
  return found;
}

/** A copy with what is at dotted paths replaced. */
function changed(object: KubernetesObject, changes: Record<string, unknown>): KubernetesObject {
  const copy = structuredClone(object);
  for (const [path, value] of Object.entries(changes)) {
    const keys = path.split('.');
    let at: Record<string, unknown> = copy;
    for (const key of keys.slice(0, -1)) at = at[key] as Record<string, unknown>;
    at[keys.at(-1) ?? ''] = value;
  }
  return copy;
}

describe('the API server', () => {
  const variants: { overlay: 'dev' | 'prod'; chosen: Component[] }[] = [
    { overlay: 'dev', chosen: [] },
    { overlay: 'dev', chosen: ['keda'] },
    { overlay: 'prod', chosen: [] },
    ...components.map((component) => ({ overlay: 'prod' as const, chosen: [component] })),
    { overlay: 'prod', chosen: [...components] },
  ];
  test.for(variants)('takes $overlay with $chosen strictly, without a warning', async ({ overlay, chosen }) => {
    const answer = await apply(await objectsOf(overlay, ...chosen), '--dry-run=server');
    expect(answer.stderr).toBe('');
    expect(answer.code).toBe(0);
  });

  test.for<[string, 'dev' | 'prod', Component[], string, string, Record<string, unknown>, RegExp]>([
    [
      'an unknown field',
      'dev',
      [],
      'Deployment',
      'ingest',
      { 'spec.template.spec.containers.0.readynessProbe': {} },
      /readynessProbe: field not declared in schema/,
    ],
    [
      'a selector of other pods',
      'dev',
      [],
      'Deployment',
      'ingest',
      { 'spec.selector.matchLabels': { a: 'b' } },
      /`selector` does not match template `labels`/,
    ],
    [
      'a request above its limit',
      'dev',
      [],
      'Deployment',
      'ingest',
      { 'spec.template.spec.containers.0.resources.requests.memory': '2Gi' },
      /must be less than or equal to memory limit/,
    ],
    [
      'a policy that breaks a rule',
      'dev',
      [],
      'NetworkPolicy',
      'ingest',
      { 'spec.policyTypes': ['Inngress'] },
      /Unsupported value/,
    ],
    [
      'a scaler with an unknown field',
      'prod',
      ['keda'],
      'ScaledObject',
      'crm-pusher',
      { 'spec.minReplicasCount': 1 },
      /minReplicasCount: field not declared in schema/,
    ],
    [
      'a monitor with a bad interval',
      'prod',
      ['monitoring'],
      'PodMonitor',
      'leadline',
      { 'spec.podMetricsEndpoints.0.interval': 'often' },
      /interval/,
    ],
    [
      'an alert rule with an unknown field',
      'prod',
      ['monitoring'],
      'PrometheusRule',
      'leadline',
      { 'spec.groups.0.rules.0.fore': '2m' },
      /fore: field not declared in schema/,
    ],
    [
      'a secret asked for wrongly',
      'prod',
      ['external-secrets'],
      'ExternalSecret',
      'ingest',
      { 'spec.secretStore': 'x' },
      /secretStore: field not declared in schema/,
    ],
  ])('refuses %s', async ([, overlay, chosen, kind, name, changes, told]) => {
    const object = find(await objectsOf(overlay, ...chosen), kind, name);
    const answer = await apply([changed(object, changes)], '--dry-run=server');
    expect(answer.stderr).toMatch(told);
    expect(answer.code).not.toBe(0);
  });
});

describe('the restricted namespace', () => {
  const template = z.looseObject({
    spec: z.looseObject({ template: z.looseObject({ metadata: z.looseObject({}), spec: z.looseObject({}) }) }),
  });
  const podOf = (object: KubernetesObject, name = object.metadata.name): KubernetesObject => {
    const { metadata, spec } = template.parse(object).spec.template;
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...metadata, name: `try-${name}`, namespace: 'leadline' },
      spec,
    };
  };
  const withoutClaims = (pod: KubernetesObject): KubernetesObject => {
    const spec = z.looseObject({ volumes: z.array(z.unknown()).default([]) }).parse(pod['spec']);
    // What a StatefulSet adds for its claims.
    return { ...pod, spec: { ...spec, volumes: [...spec.volumes, { name: 'data', emptyDir: {} }] } };
  };

  test.for(['dev', 'prod'] as const)('admits every pod of %s', async (overlay) => {
    const objects = await objectsOf(overlay);
    const workloads = objects.filter(({ kind }) => ['Deployment', 'StatefulSet', 'Job'].includes(kind));
    expect(workloads.length).toBeGreaterThan(5);
    const pods = workloads.map((workload) =>
      workload.kind === 'StatefulSet' ? withoutClaims(podOf(workload)) : podOf(workload),
    );
    const answer = await apply(pods, '--dry-run=server');
    expect(answer.stderr).toBe('');
    expect(answer.code).toBe(0);
  });

  test.for<[string, Record<string, unknown>, RegExp]>([
    ['that may run as root', { 'spec.securityContext.runAsNonRoot': false }, /runAsNonRoot != true/],
    [
      'that may gain rights',
      { 'spec.containers.0.securityContext.allowPrivilegeEscalation': true },
      /allowPrivilegeEscalation != false/,
    ],
    ['that keeps capabilities', { 'spec.containers.0.securityContext.capabilities': {} }, /unrestricted capabilities/],
    ['without a seccomp profile', { 'spec.securityContext.seccompProfile': undefined }, /seccompProfile/],
    [
      'with a folder of the machine',
      { 'spec.volumes': [{ name: 'host', hostPath: { path: '/' } }] },
      /restricted volume types/,
    ],
  ])('refuses a pod %s', async ([, changes, told]) => {
    const pod = podOf(find(await objectsOf('dev'), 'Deployment', 'ingest'));
    const answer = await apply([changed(pod, changes)], '--dry-run=server');
    expect(answer.stderr).toMatch(told);
    expect(answer.code).not.toBe(0);
  });

  test('warns of a Deployment whose pods it would refuse', async () => {
    const deployment = find(await objectsOf('dev'), 'Deployment', 'ingest');
    const loose = changed(deployment, { 'spec.template.spec.securityContext.runAsNonRoot': false });
    expect((await apply([loose], '--dry-run=server')).stderr).toContain('would violate PodSecurity');
  });
});

describe('dev, applied', () => {
  const replicas = 2;
  beforeAll(async () => {
    const volumes = ['5Gi', '10Gi'].map((storage) => ({
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: `volume-${storage.toLowerCase()}` },
      spec: { capacity: { storage }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/nowhere' } },
    }));
    await expectDone(['create', '-f', '-'], volumes.map((volume) => JSON.stringify(volume)).join('\n---\n'));
  });

  test('the Job comes before the Deployments, is done, and everything becomes ready', async () => {
    const answer = await apply(await objectsOf('dev'));
    expect(answer.stderr).toBe('');
    const order = answer.stdout.split('\n').map((line) => line.split(' ')[0] ?? '');
    const first = order.findIndex((name) => name.startsWith('deployment.apps/'));
    expect(order.indexOf('job.batch/setup')).toBeGreaterThan(-1);
    expect(order.indexOf('job.batch/setup')).toBeLessThan(first);
    await expectDone(['wait', '-n', 'leadline', 'job', '--all', '--for=condition=Complete', '--timeout=120s']);
    await expectDone(['wait', '-n', 'leadline', 'deployment', '--all', '--for=condition=Available', '--timeout=120s']);
    await expectDone(['rollout', 'status', '-n', 'leadline', 'statefulset/postgres', '--timeout=120s']);
    await expectDone(['rollout', 'status', '-n', 'leadline', 'statefulset/nats', '--timeout=120s']);
  });

  test('each Service finds its pods', async () => {
    for (const name of ['ingest', 'call-tracker', 'dashboard', 'dispatcher', 'postgres', 'nats', 'simulator']) {
      const slices = await cluster.read(
        `/apis/discovery.k8s.io/v1/namespaces/leadline/endpointslices?labelSelector=kubernetes.io/service-name%3D${name}`,
        z.object({ items: z.array(z.object({ endpoints: z.array(z.unknown()).nullable() })) }),
      );
      expect({ name, endpoints: slices.items.flatMap(({ endpoints }) => endpoints ?? []) }).toEqual({
        name,
        endpoints: expect.arrayContaining([expect.anything()]),
      });
    }
  });

  /** Rolls out a changed pod, and answers the fewest ready ones meanwhile. */
  async function rollOut(deployment: KubernetesObject, revision: string): Promise<number> {
    const name = deployment.metadata.name;
    const counting = countReady(cluster, name);
    const next = changed(deployment, { 'spec.template.metadata.annotations': { revision } });
    expect((await apply([next])).code).toBe(0);
    await expectDone(['rollout', 'status', '-n', 'leadline', `deployment/${name}`, '--timeout=180s']);
    return counting.stop();
  }

  test.for(['ingest', 'dispatcher', 'call-tracker', 'crm-pusher', 'dashboard'])(
    'a rolling update of %s never has fewer than all of its pods ready',
    async (name) => {
      expect(await rollOut(find(await objectsOf('dev'), 'Deployment', name), '2')).toBe(replicas);
    },
  );

  test('a rollout that takes pods away first would be seen', async () => {
    const deployment = find(await objectsOf('dev'), 'Deployment', 'crm-pusher');
    const rolling = { maxUnavailable: 1, maxSurge: 0 };
    expect(await rollOut(changed(deployment, { 'spec.strategy.rollingUpdate': rolling }), '3')).toBeLessThan(replicas);
    await rollOut(deployment, '4');
  });

  test('every node can be drained in turn, and what was there runs elsewhere before it is given back', async () => {
    expect(await drainNodes(cluster, nodes, 90)).toEqual([]);
  });

  test('a spread that leaves no place for the drained pods would be seen', async () => {
    const deployment = find(await objectsOf('dev'), 'Deployment', 'call-tracker');
    const tight = changed(deployment, {
      'spec.replicas': 3,
      'spec.template.spec.topologySpreadConstraints.0.whenUnsatisfiable': 'DoNotSchedule',
    });
    await rollOut(tight, '5');
    expect(await drainNodes(cluster, nodes.slice(0, 1), 40)).toEqual([expect.stringContaining('after node-a: ')]);
    await rollOut(deployment, '6');
  });

  test('a budget that lets nobody go would be seen', async () => {
    const budget = find(await objectsOf('dev'), 'PodDisruptionBudget', 'ingest');
    expect((await apply([changed(budget, { 'spec.maxUnavailable': 0 })])).code).toBe(0);
    const problems = await drainNodes(cluster, nodes, 10);
    expect(problems.join('\n')).toContain('is not drained');
    expect((await apply([budget])).code).toBe(0);
  });
});
