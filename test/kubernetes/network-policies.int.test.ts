import { beforeEach, expect, test } from 'vitest';
import { findKubernetesTools, type KubernetesTools } from './find-kubernetes-tools.ts';
import { podsOf } from './pods-of.ts';
import { newcomer, policyMatrix } from './policy-matrix.ts';
import { readFlows, tell } from './read-flows.ts';
import { parseObjects, render, type Component, type KubernetesObject } from './render.ts';

let tools: KubernetesTools;
beforeEach(async (context) => {
  try {
    tools = await findKubernetesTools();
  } catch (error) {
    context.skip(String(error));
  }
});

/** Those of the table that hold here; between pods that are not in this overlay there is nothing to see. */
function expected(objects: KubernetesObject[], ...where: string[]): string[] {
  const pods = [...new Set([...podsOf(objects).map(({ name }) => name), 'postgres', 'nats', newcomer])];
  return tell(readFlows(pods).filter((flow) => ['all', ...where].includes(flow.where)));
}

test.for<['dev' | 'prod', ...Component[]]>([
  ['dev'],
  ['dev', 'keda'],
  ['prod'],
  ['prod', 'keda'],
  ['prod', 'monitoring'],
  ['prod', 'nack'],
  ['prod', 'cloudnative-pg'],
  ['prod', 'external-secrets'],
])('%s: the policies allow what the table of flows says, no more and no less', async ([overlay, ...components]) => {
  const objects = parseObjects(await render(tools.kubectl, overlay, ...components));
  const { allowed, half } = policyMatrix(objects);
  expect(tell(allowed)).toEqual(expected(objects, overlay, ...components));
  expect(tell(half)).toEqual([]);
});

const policyOf = (objects: KubernetesObject[], name: string): KubernetesObject => {
  const found = objects.find(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === name);
  if (found === undefined) throw new Error(`no policy ${name}`);
  return found;
};

test.for<[string, string, (spec: Record<string, unknown[]>) => void]>([
  ['a policy without a list of ports', 'postgres', (spec) => (spec['ingress'] = [{}])],
  [
    'a policy that lets every namespace in',
    'ingest',
    (spec) => spec['ingress']?.push({ from: [{ namespaceSelector: {} }] }),
  ],
  ['one more peer', 'nats', (spec) => spec['ingress']?.push({ from: [{ podSelector: {} }], ports: [{ port: 4222 }] })],
  ['an egress to anywhere', 'setup', (spec) => spec['egress']?.push({})],
  ['a rule that is gone', 'dispatcher', (spec) => spec['egress']?.pop()],
  ['no default deny', 'default-deny', (spec) => (spec['policyTypes'] = ['Egress'])],
])('%s is told', async ([, name, change]) => {
  const objects = parseObjects(await render(tools.kubectl, 'dev'));
  change(policyOf(objects, name)['spec'] as Record<string, unknown[]>);
  const { allowed, half } = policyMatrix(objects);
  expect([tell(allowed), tell(half)]).not.toEqual([expected(objects, 'dev'), []]);
});
