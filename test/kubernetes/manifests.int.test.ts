import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import { readCallTrackerConfig } from '../../services/call-tracker/src/config.ts';
import { readCrmPusherConfig } from '../../services/crm-pusher/src/config.ts';
import { readDashboardConfig } from '../../services/dashboard/src/config.ts';
import { readDispatcherConfig } from '../../services/dispatcher/src/config.ts';
import { readIngestConfig } from '../../services/ingest/src/config.ts';
import { readSimulatorConfig } from '@leadline/simulator/config';
import { findKubernetesTools, kubernetesVersion, type KubernetesTools } from './find-kubernetes-tools.ts';
import { findProblems } from './find-problems.ts';
import { podsOf } from './pods-of.ts';
import { components, overlays, parseObjects, render, type KubernetesObject } from './render.ts';

const run = promisify(execFile);

describe('with kubectl', () => {
  let tools: KubernetesTools;
  beforeEach(async (context) => {
    try {
      tools = await findKubernetesTools();
    } catch (error) {
      context.skip(String(error));
    }
  });

  const variants = [
    ...overlays.map((overlay) => [overlay] as const),
    ...components.map((component) => ['prod', component] as const),
    ['dev', 'keda'] as const,
  ];

  test.for(variants)('%s %s builds, and its schemas are strict', async ([overlay, ...chosen]) => {
    const objects = parseObjects(await render(tools.kubectl, overlay, ...chosen));
    expect(await schemaFaults(objects)).toBe('');
    expect(findProblems(objects)).toEqual([]);
  });

  test('all components go together', async () => {
    const objects = parseObjects(await render(tools.kubectl, 'prod', ...components));
    expect(findProblems(objects)).toEqual([]);
  });

  test('a scaler that goes further than the limit of the CRM is shared by is told', async () => {
    const objects = parseObjects(await render(tools.kubectl, 'prod', 'keda'));
    set(objects, 'ScaledObject crm-pusher', 'spec.maxReplicaCount', 5);
    expect(findProblems(objects)).toEqual(['crm-pusher may ask the CRM 120 times a minute, of 100']);
  });

  test.for<[string, (objects: KubernetesObject[]) => void, RegExp]>([
    [
      'a wrong field',
      (objects) => set(objects, 'Deployment ingest', 'spec.template.spec.readynessGates', []),
      /readynessGates/,
    ],
    ['a wrong type', (objects) => set(objects, 'Deployment ingest', 'spec.replicas', 'two'), /two/],
  ])('the schema check finds %s', async ([, change, told]) => {
    const objects = parseObjects(await render(tools.kubectl, 'dev'));
    change(objects);
    expect(await schemaFaults(objects)).toMatch(told);
  });

  test.for<[string, (objects: KubernetesObject[]) => void, string]>([
    [
      'a lost label',
      (objects) => set(objects, 'Deployment ingest', 'spec.template.metadata.labels', { a: 'b' }),
      'Service ingest selects no pod',
    ],
    [
      'a Secret that nobody brings',
      (objects) =>
        void objects.splice(
          objects.findIndex(({ kind }) => kind === 'Secret'),
          1,
        ),
      'Job setup needs a Secret',
    ],
    [
      'a budget that is gone',
      (objects) =>
        void objects.splice(
          objects.findIndex(({ kind }) => kind === 'PodDisruptionBudget'),
          1,
        ),
      'has no PodDisruptionBudget',
    ],
    [
      'replicas that fight with a scaler',
      (objects) => set(objects, 'Deployment ingest', 'spec.replicas', 2),
      'HorizontalPodAutoscaler ingest scales ingest, whose replicas',
    ],
    [
      'a scaled dispatcher',
      (objects) => set(objects, 'HorizontalPodAutoscaler ingest', 'spec.scaleTargetRef.name', 'dispatcher'),
      'scales the dispatcher',
    ],
    [
      'more crm-pushers than the limit of the CRM is shared by',
      (objects) => set(objects, 'Deployment crm-pusher', 'spec.replicas', 3),
      'crm-pusher may ask the CRM 132 times a minute',
    ],
  ])('%s is told', async ([, change, told]) => {
    const objects = parseObjects(await render(tools.kubectl, 'dev'));
    change(objects);
    expect(findProblems(objects).join('\n')).toContain(told);
  });

  const readers: Record<string, (env: Record<string, string>) => unknown> = {
    ingest: readIngestConfig,
    dispatcher: readDispatcherConfig,
    'call-tracker': readCallTrackerConfig,
    'crm-pusher': readCrmPusherConfig,
    dashboard: readDashboardConfig,
    simulator: readSimulatorConfig,
  };

  test.for(overlays)('%s: every service takes its settings, and knows each of them', async (overlay) => {
    const objects = parseObjects(await render(tools.kubectl, overlay));
    for (const [service, read] of Object.entries(readers)) {
      const env = environmentOf(objects, service);
      if (env === undefined) continue;
      const config = z.record(z.string(), z.unknown()).parse(read(env));
      const unknown = Object.keys(env).filter((key) => !(key in config) && !usedByManifest.has(key));
      expect(unknown, `${service} knows no such setting`).toEqual([]);
    }
  });

  test.for(overlays)('%s: every image is one of ours, or named with its version', async (overlay) => {
    const objects = parseObjects(await render(tools.kubectl, overlay));
    for (const { image } of podsOf(objects).flatMap((pod) => pod.containers))
      expect(image).toMatch(
        /^(?:registry\.example\.com\/)?leadline\/[a-z-]+:(?:dev|\d+\.\d+\.\d+)$|^[a-z]+:\d[\w.-]+$/,
      );
  });

  /** What the validator says of kinds that Kubernetes itself knows; empty when nothing is wrong. */
  async function schemaFaults(objects: KubernetesObject[]): Promise<string> {
    const folder = mkdtempSync(join(tmpdir(), 'leadline-manifests-'));
    const own = objects.filter(({ apiVersion }) => !apiVersion.includes('.') || apiVersion.includes('.k8s.io/'));
    try {
      const file = join(folder, 'objects.yaml');
      writeFileSync(file, own.map((object) => stringify(object)).join('---\n'));
      await run(tools.validate, ['--strict', '--quiet', '--kubernetes-version', kubernetesVersion, file]);
      return '';
    } catch (error) {
      const { stdout, stderr } = z.object({ stdout: z.string(), stderr: z.string() }).parse(error);
      return stdout + stderr;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
});

/** Parts of DATABASE_URL. */
const usedByManifest = new Set([
  'DATABASE_HOST',
  'DATABASE_NAME',
  'DATABASE_OPTIONS',
  'DATABASE_USER',
  'DATABASE_PASSWORD',
  'LOG_LEVEL',
]);

/** What production's Secrets would hold. */
const secretsOf: Record<string, Record<string, string>> = {
  ingest: { API_KEYS: 'website:a-key-of-16-characters' },
  dispatcher: { LIVEKIT_API_KEY: 'k', LIVEKIT_API_SECRET: 's', OPS_KEY: 'a-key-of-16-characters' },
  'call-tracker': { LIVEKIT_API_KEY: 'k', LIVEKIT_API_SECRET: 's', AGENT_KEY: 'a-key-of-16-characters' },
  'crm-pusher': { CRM_API_KEY: 'k' },
  dashboard: { OPS_NATS_USER: 'ops', OPS_NATS_PASS: 'p' },
};

/** The environment of a workload's first container, as the kubelet would make it; undefined where there is none such. */
function environmentOf(objects: KubernetesObject[], name: string): Record<string, string> | undefined {
  const pod = podsOf(objects).find((candidate) => candidate.name === name);
  const container = pod?.containers.at(-1);
  if (container === undefined) return undefined;
  const env: Record<string, string> = { DATABASE_USER: 'u', DATABASE_PASSWORD: 'p', ...secretsOf[name] };
  for (const { configMapRef, secretRef } of container.envFrom) {
    const wanted = configMapRef?.name ?? secretRef?.name;
    const source = objects.find(
      ({ kind, metadata }) =>
        metadata.name === wanted && kind === (configMapRef === undefined ? 'Secret' : 'ConfigMap'),
    );
    for (const [key, value] of Object.entries(z.record(z.string(), z.string()).parse(source?.['data'] ?? {})))
      env[key] = source?.kind === 'Secret' ? Buffer.from(value, 'base64').toString() : value;
  }
  for (const { name: key, value = '' } of container.env)
    env[key] = value.replaceAll(/\$\((\w+)\)/g, (whole, other: string) => env[other] ?? whole);
  return env;
}

/** Sets what is at a dotted path of one object. `named`: its kind and name. */
function set(objects: KubernetesObject[], named: string, path: string, value: unknown): void {
  let at: Record<string, unknown> | undefined = objects.find(
    (object) => `${object.kind} ${object.metadata.name}` === named,
  );
  const keys = path.split('.');
  for (const key of keys.slice(0, -1)) at = at?.[key] as Record<string, unknown> | undefined;
  if (at === undefined) throw new Error(`no ${named} with ${path}`);
  at[keys.at(-1) ?? ''] = value;
}
