import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments, stringify } from 'yaml';
import { z } from 'zod';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const manifests = join(root, 'deploy/kubernetes');

/** As much of an object as all kinds share. */
const kubernetesObject = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    labels: z.record(z.string(), z.string()).optional(),
  }),
});
export type KubernetesObject = z.output<typeof kubernetesObject>;

export const overlays = ['dev', 'prod'] as const;
export const components = ['cloudnative-pg', 'external-secrets', 'keda', 'monitoring', 'nack'] as const;
export type Component = (typeof components)[number];

const rendered = new Map<string, Promise<string>>();

/** What `kubectl apply -k` would send for an overlay with components switched on; built once in each process. */
export function render(kubectl: string, overlay: (typeof overlays)[number], ...chosen: Component[]): Promise<string> {
  const key = [kubectl, overlay, ...chosen].join(' ');
  const known = rendered.get(key) ?? build(kubectl, overlay, chosen);
  rendered.set(key, known);
  return known;
}

async function build(kubectl: string, overlay: (typeof overlays)[number], chosen: Component[]): Promise<string> {
  mkdirSync(join(root, '.leadline'), { recursive: true });
  const folder = mkdtempSync(join(root, '.leadline/kustomize-'));
  const at = (path: string): string => relative(folder, join(manifests, path));
  try {
    const kustomization = {
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      namespace: 'leadline',
      sortOptions: { order: 'fifo' },
      resources: [at(`overlays/${overlay}`)],
      components: chosen.map((name) => at(`components/${name}`)),
    };
    writeFileSync(join(folder, 'kustomization.yaml'), stringify(kustomization));
    return (await run(kubectl, ['kustomize', folder], { maxBuffer: 64 * 1024 * 1024 })).stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function parseObjects(text: string): KubernetesObject[] {
  return parseAllDocuments(text).map((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0];
    return kubernetesObject.parse(document.toJS());
  });
}
