import { z } from 'zod';
import { broughtPods, podsOf } from './pods-of.ts';
import type { KubernetesObject } from './render.ts';
import { labelSelector, selects } from './select-pods.ts';

const peer = z.strictObject({
  podSelector: labelSelector.optional(),
  namespaceSelector: labelSelector.optional(),
  ipBlock: z.strictObject({ cidr: z.literal('0.0.0.0/0'), except: z.array(z.string()).default([]) }).optional(),
});
const ports = z
  .array(z.strictObject({ protocol: z.enum(['TCP', 'UDP']).default('TCP'), port: z.number() }))
  .min(1)
  .optional();
const policy = z.strictObject({
  podSelector: labelSelector,
  policyTypes: z.array(z.enum(['Ingress', 'Egress'])),
  ingress: z.array(z.strictObject({ from: z.array(peer).optional(), ports })).default([]),
  egress: z.array(z.strictObject({ to: z.array(peer).optional(), ports })).default([]),
});
type Policy = z.output<typeof policy>;
type Peer = z.output<typeof peer>;

/** Somebody who may open a connection or be opened one to. */
type Actor = { name: string; labels: Record<string, string> } & (
  | { namespace: Record<string, string> }
  /** Outside of the cluster; `inside` are addresses that no internet rule may mean, such as the cloud's metadata. */
  | { address: 'internet' | 'inside' }
);

/** Everybody in these names is no pod of ours: policies bind only the other end. */
const outsiders: Actor[] = [
  { name: 'edge', labels: {}, namespace: { 'leadline/edge': 'true' } },
  { name: 'agents', labels: {}, namespace: { 'leadline/agents': 'true' } },
  { name: 'telemetry', labels: {}, namespace: { 'leadline/telemetry': 'true' } },
  { name: 'monitoring', labels: {}, namespace: { 'kubernetes.io/metadata.name': 'monitoring' } },
  { name: 'keda', labels: { app: 'keda-operator' }, namespace: { 'kubernetes.io/metadata.name': 'keda' } },
  { name: 'nack', labels: {}, namespace: { 'kubernetes.io/metadata.name': 'nack' } },
  { name: 'cnpg', labels: {}, namespace: { 'kubernetes.io/metadata.name': 'cnpg-system' } },
  { name: 'dns', labels: { 'k8s-app': 'kube-dns' }, namespace: { 'kubernetes.io/metadata.name': 'kube-system' } },
  { name: 'anybody', labels: {}, namespace: { 'kubernetes.io/metadata.name': 'default' } },
  { name: 'internet', labels: {}, address: 'internet' },
  { name: 'inside', labels: {}, address: 'inside' },
];

/** Every port that a pod of ours or its surroundings listens on, and some that nobody should reach. */
const tried = [22, 53, 80, 443, 4222, 4318, 5432, 6222, 6443, 7777, 7880, 8000, 8080, 8222, 9090];

type Flow = { from: Actor; to: Actor; protocol: 'TCP' | 'UDP'; port: number };

export type Allowed = { from: string; to: string; port: string };

/**
 * Who may reach whom on which port, by the policies in `objects` alone. A connection between two pods of ours needs leave
 * at both ends; leave at one end only is told as `half`, for it is a mistake or a door left open.
 */
export function policyMatrix(objects: KubernetesObject[]): { allowed: Allowed[]; half: Allowed[] } {
  const policies = objects.filter(({ kind }) => kind === 'NetworkPolicy').map(({ spec }) => policy.parse(spec));
  const ours = ourPods(objects);
  const all = [...ours, ...outsiders];
  const allowed: Allowed[] = [];
  const half: Allowed[] = [];
  for (const from of all) {
    for (const to of all) {
      if (outsiders.includes(from) && outsiders.includes(to)) continue;
      for (const protocol of ['TCP', 'UDP'] as const) {
        for (const port of tried) {
          const tries = { from, to, protocol, port };
          const out = leaves(policies, tries);
          const into = enters(policies, tries);
          const flow = { from: from.name, to: to.name, port: protocol === 'UDP' ? `${port}/udp` : String(port) };
          if (out && into) allowed.push(flow);
          else if ((out || into) && ours.includes(from) && ours.includes(to)) half.push(flow);
        }
      }
    }
  }
  return { allowed, half };
}

/** A pod in our namespace that no policy names. */
export const newcomer = 'newcomer';

function ourPods(objects: KubernetesObject[]): Actor[] {
  const namespace = { 'kubernetes.io/metadata.name': 'leadline' };
  const pods = podsOf(objects).map(({ name, labels }): Actor => ({ name, labels, namespace }));
  for (const { name, labels } of broughtPods) {
    if (!pods.some((pod) => pod.name === name)) pods.push({ name, labels, namespace });
  }
  return [...pods, { name: newcomer, labels: {}, namespace }];
}

function leaves(policies: Policy[], { from, to, protocol, port }: Flow): boolean {
  if (outsiders.includes(from)) return true;
  const own = policies.filter(
    (candidate) => candidate.policyTypes.includes('Egress') && selects(candidate.podSelector, from.labels),
  );
  if (own.length === 0) return true;
  return own.some(({ egress }) =>
    egress.some((rule) => meansPort(rule.ports, protocol, port) && meansPeer(rule.to, to)),
  );
}

function enters(policies: Policy[], { from, to, protocol, port }: Flow): boolean {
  if (outsiders.includes(to)) return true;
  const own = policies.filter(
    (candidate) => candidate.policyTypes.includes('Ingress') && selects(candidate.podSelector, to.labels),
  );
  if (own.length === 0) return true;
  return own.some(({ ingress }) =>
    ingress.some((rule) => meansPort(rule.ports, protocol, port) && meansPeer(rule.from, from)),
  );
}

function meansPort(rule: z.output<typeof ports>, protocol: 'TCP' | 'UDP', port: number): boolean {
  return rule === undefined || rule.some((allowed) => allowed.protocol === protocol && allowed.port === port);
}

/** No list of peers means everybody. */
function meansPeer(peers: Peer[] | undefined, actor: Actor): boolean {
  return peers === undefined || peers.some((allowed) => means(allowed, actor));
}

function means({ podSelector, namespaceSelector, ipBlock }: Peer, actor: Actor): boolean {
  if (ipBlock !== undefined) return 'address' in actor && (actor.address === 'internet' || ipBlock.except.length === 0);
  if (!('namespace' in actor)) return false;
  // Without a selector of namespaces the policy's own is meant.
  const ours = actor.namespace['kubernetes.io/metadata.name'] === 'leadline';
  const inNamespace = namespaceSelector === undefined ? ours : selects(namespaceSelector, actor.namespace);
  return inNamespace && (podSelector === undefined || selects(podSelector, actor.labels));
}
