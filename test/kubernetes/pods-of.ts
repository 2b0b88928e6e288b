import { z } from 'zod';
import type { KubernetesObject } from './render.ts';

const reference = z.object({ name: z.string() });
const container = z.looseObject({
  name: z.string(),
  image: z.string(),
  envFrom: z.array(z.object({ configMapRef: reference.optional(), secretRef: reference.optional() })).default([]),
  env: z.array(z.looseObject({ name: z.string(), value: z.string().optional() })).default([]),
  ports: z.array(z.looseObject({ name: z.string(), containerPort: z.number() })).default([]),
});
const workload = z.looseObject({
  spec: z.looseObject({
    selector: z.looseObject({ matchLabels: z.record(z.string(), z.string()) }).optional(),
    template: z.looseObject({
      metadata: z.looseObject({ labels: z.record(z.string(), z.string()) }),
      spec: z.looseObject({
        initContainers: z.array(container).default([]),
        containers: z.array(container),
        volumes: z
          .array(
            z.looseObject({ configMap: reference.optional(), secret: z.object({ secretName: z.string() }).optional() }),
          )
          .default([]),
      }),
    }),
  }),
});

export type Pod = {
  /** Of the workload that makes it. */
  kind: string;
  name: string;
  labels: Record<string, string>;
  selector: Record<string, string> | undefined;
  containers: z.output<typeof container>[];
  configMaps: string[];
  secrets: string[];
};

/** Made by others in production (the NATS chart, CloudNativePG), with these labels. */
export const broughtPods = ['postgres', 'nats'].map((name) => ({
  name,
  labels: { 'app.kubernetes.io/name': name } as Record<string, string>,
}));

const workloads = ['Deployment', 'StatefulSet', 'Job'];

/** One pod for each workload, as its template says. */
export function podsOf(objects: KubernetesObject[]): Pod[] {
  return objects
    .filter(({ kind }) => workloads.includes(kind))
    .map((object) => {
      const { selector, template } = workload.parse(object).spec;
      const { initContainers, containers, volumes } = template.spec;
      const all = [...initContainers, ...containers];
      const sources = all.flatMap(({ envFrom }) => envFrom);
      return {
        kind: object.kind,
        name: object.metadata.name,
        labels: template.metadata.labels,
        selector: selector?.matchLabels,
        containers: all,
        configMaps: [
          ...sources.flatMap(({ configMapRef }) => configMapRef?.name ?? []),
          ...volumes.flatMap(({ configMap }) => configMap?.name ?? []),
        ],
        secrets: [
          ...sources.flatMap(({ secretRef }) => secretRef?.name ?? []),
          ...volumes.flatMap(({ secret }) => secret?.secretName ?? []),
        ],
      };
    });
}
