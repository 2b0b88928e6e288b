import { z } from 'zod';
import { broughtPods, podsOf, type Pod } from './pods-of.ts';
import type { KubernetesObject } from './render.ts';
import { labelSelector, selects, type LabelSelector } from './select-pods.ts';

const target = z.looseObject({ kind: z.string().default('Deployment'), name: z.string() });

const crmPusher = z.looseObject({
  replicas: z.number().default(1),
  strategy: z.looseObject({ rollingUpdate: z.looseObject({ maxSurge: z.number() }) }),
});
const bounded = z.looseObject({ maxReplicaCount: z.number() });

/** Secrets that an operator or External Secrets brings. */
const broughtFromOutside = ['setup', 'nats', 'ingest', 'dispatcher', 'call-tracker', 'crm-pusher', 'dashboard'];

/** What no schema finds: references into nothing, selectors that select nobody, services without a budget. */
export function findProblems(objects: KubernetesObject[]): string[] {
  const pods = podsOf(objects);
  const named = (kind: string): Set<string> =>
    new Set(objects.filter((object) => object.kind === kind).map(({ metadata }) => metadata.name));
  const problems: string[] = [];
  for (const pod of pods) problems.push(...problemsOfPod(pod, named('ConfigMap'), named('Secret'), pods));
  for (const object of objects) {
    const where = `${object.kind} ${object.metadata.name}`;
    const selector = selectorOf(object);
    if (selector !== undefined && ![...pods, ...broughtPods].some(({ labels }) => selects(selector, labels)))
      problems.push(`${where} selects no pod`);
    const scaled = scaledBy(object);
    if (scaled === undefined) continue;
    const deployment = objects.find(({ kind, metadata }) => kind === scaled.kind && metadata.name === scaled.name);
    if (deployment === undefined) problems.push(`${where} scales ${scaled.name}, which is not there`);
    else if ('replicas' in z.looseObject({}).parse(deployment['spec']))
      problems.push(`${where} scales ${scaled.name}, whose replicas each apply would set back`);
    if (scaled.name === 'dispatcher') problems.push(`${where} scales the dispatcher, which the trunk bounds`);
  }
  const budgets = objects.filter(({ kind }) => kind === 'PodDisruptionBudget').map(selectorOf);
  for (const pod of pods.filter(({ kind, name }) => kind === 'Deployment' && name !== 'simulator')) {
    if (!budgets.some((budget) => budget !== undefined && selects(budget, pod.labels)))
      problems.push(`Deployment ${pod.name} has no PodDisruptionBudget`);
  }
  problems.push(...problemsOfCrmBudget(objects));
  return problems;
}

/** Of Talking Shops, a tenant and minute; crm-pusher's own default, of each replica. */
const [crmLimit, defaultBudget] = [100, 90];

/** Each replica of crm-pusher keeps its budget for itself: all that may run at once must stay below the CRM's limit. */
function problemsOfCrmBudget(objects: KubernetesObject[]): string[] {
  const deployment = objects.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'crm-pusher');
  const pod = podsOf(objects).find(({ name }) => name === 'crm-pusher');
  if (deployment === undefined || pod === undefined) return [];
  const { replicas, strategy } = crmPusher.parse(deployment['spec']);
  const scaler = objects.find((object) => scaledBy(object)?.name === 'crm-pusher');
  const most = scaler === undefined ? replicas : bounded.parse(scaler['spec']).maxReplicaCount;
  const settings = objects
    .filter(({ kind, metadata }) => kind === 'ConfigMap' && pod.configMaps.includes(metadata.name))
    .map((object) => z.record(z.string(), z.string()).parse(object['data'] ?? {}));
  const own = settings.findLast((data) => 'CRM_REQUESTS_PER_MINUTE' in data)?.['CRM_REQUESTS_PER_MINUTE'];
  const together = (most + strategy.rollingUpdate.maxSurge) * Number(own ?? defaultBudget);
  return together > crmLimit ? [`crm-pusher may ask the CRM ${together} times a minute, of ${crmLimit}`] : [];
}

function problemsOfPod(pod: Pod, configMaps: Set<string>, secrets: Set<string>, pods: Pod[]): string[] {
  const where = `${pod.kind} ${pod.name}`;
  const problems: string[] = [];
  for (const name of pod.configMaps) if (!configMaps.has(name)) problems.push(`${where} needs a ConfigMap ${name}`);
  for (const name of pod.secrets)
    if (!secrets.has(name) && !(secrets.size === 0 && broughtFromOutside.includes(name)))
      problems.push(`${where} needs a Secret ${name}`);
  for (const [key, value] of Object.entries(pod.selector ?? {}))
    if (pod.labels[key] !== value) problems.push(`${where} does not select its own pods: ${key}`);
  const selector = labelSelector.parse({ matchLabels: pod.selector });
  const taken = pods.filter((other) => other.name !== pod.name && selects(selector, other.labels));
  if (pod.selector !== undefined && taken.length > 0)
    problems.push(`${where} also selects the pods of ${taken.map(({ name }) => name).join(', ')}`);
  return problems;
}

/** The pods that an object means; undefined where it means none or all. */
function selectorOf(object: KubernetesObject): LabelSelector | undefined {
  const spec = z.looseObject({}).catch({}).parse(object['spec']);
  switch (object.kind) {
    case 'Service':
      return labelSelector.parse({ matchLabels: spec['selector'] });
    case 'PodDisruptionBudget':
    case 'PodMonitor':
      return labelSelector.parse(spec['selector']);
    case 'NetworkPolicy':
      return labelSelector.parse(spec['podSelector']);
    default:
      return undefined;
  }
}

function scaledBy(object: KubernetesObject): z.output<typeof target> | undefined {
  if (object.kind !== 'HorizontalPodAutoscaler' && object.kind !== 'ScaledObject') return undefined;
  return z.looseObject({ scaleTargetRef: target }).parse(object['spec']).scaleTargetRef;
}
