import { until } from '@leadline/testing/until';
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { moduleFolder, type Program } from './build-programs.ts';
import type { Cluster } from './cluster.ts';
import type { Machine } from './machine.ts';

const namespace = 'keda';
const metricsPort = 6443;

/**
 * A real KEDA: its kinds, its operator, and the server that the cluster's own autoscaler asks for its metrics. The two run
 * beside the cluster, as an administrator.
 * @throws Error with what does not come up
 */
export async function addKeda(cluster: Cluster, machine: Machine, programs: Record<Program, string>): Promise<void> {
  const module = await moduleFolder('keda');
  const kinds = join(module, 'config/crd/bases');
  const files = readdirSync(kinds).map((name) => join(kinds, name));
  await done(cluster, ['apply', '--server-side', ...files.flatMap((file) => ['-f', file])]);
  await done(cluster, ['wait', 'crd', '--all', '--for=condition=Established', '--timeout=60s']);
  await done(cluster, ['create', 'namespace', namespace]);
  // With these the autoscaler may read the metrics.
  const rights = ['role.yaml', 'role_binding.yaml'].flatMap((name) => [
    '-f',
    join(module, 'config/metrics-server', name),
  ]);
  await done(cluster, ['apply', ...rights]);
  await done(cluster, ['apply', '-f', '-'], metricsService(cluster, machine.address));

  const keys = join(cluster.folder, 'keda');
  mkdirSync(keys);
  const { cert, key } = cluster.keys.of('keda');
  for (const [from, name] of [
    [cluster.keys.ca, 'ca.crt'],
    [cert, 'tls.crt'],
    [key, 'tls.key'],
  ] as const)
    copyFileSync(from, join(keys, name));
  // Both look there for the namespace they are in.
  const account = '/run/secrets/kubernetes.io/serviceaccount';
  await machine.run('sh', '-euc', `mkdir -p ${account}; printf ${namespace} > ${account}/namespace`);

  const environment = [`POD_NAMESPACE=${namespace}`, 'WATCH_NAMESPACE=', `KUBECONFIG=${cluster.kubeconfig}`];
  cluster.launch('keda-operator', 'env', [
    ...environment,
    programs['keda-operator'],
    '--cert-dir',
    keys,
    '--metrics-bind-address=0',
    '--health-probe-bind-address=127.0.0.1:8081',
    '--metrics-service-bind-address=127.0.0.1:9666',
  ]);
  // The adapter waits longer and longer for an operator that is not there yet.
  await until("KEDA's operator answers", () => machine.run('bash', '-c', 'echo > /dev/tcp/127.0.0.1/9666'), 90_000);
  const access = ['--lister-kubeconfig', '--authentication-kubeconfig', '--authorization-kubeconfig'];
  cluster.launch('keda-adapter', 'env', [
    ...environment,
    programs['keda-adapter'],
    '--cert-dir',
    keys,
    ...access.flatMap((flag) => [flag, cluster.kubeconfig]),
    '--tls-cert-file',
    join(keys, 'tls.crt'),
    '--tls-private-key-file',
    join(keys, 'tls.key'),
    `--secure-port=${metricsPort}`,
    '--port=8085',
    '--metrics-service-address=127.0.0.1:9666',
  ]);
  const available = ['apiservice/v1beta1.external.metrics.k8s.io', '--for=condition=Available', '--timeout=90s'];
  await done(cluster, ['wait', ...available]);
}

async function done(cluster: Cluster, args: string[], input?: string): Promise<void> {
  const { code, stderr } = await cluster.kubectl(args, input);
  if (code !== 0) throw new Error(`kubectl ${args.slice(0, 2).join(' ')}: ${stderr}`);
}

/** Tells the API server where the metrics are. */
function metricsService({ keys }: Cluster, address: string): string {
  const metadata = { name: 'keda-metrics-apiserver', namespace };
  const ports = [{ name: 'https', port: 443, targetPort: metricsPort }];
  const service = { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports } };
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...metadata, labels: { 'kubernetes.io/service-name': metadata.name } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports: [{ name: 'https', port: metricsPort }],
  };
  const api = {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: 'v1beta1.external.metrics.k8s.io' },
    spec: {
      service: metadata,
      group: 'external.metrics.k8s.io',
      version: 'v1beta1',
      groupPriorityMinimum: 100,
      versionPriority: 100,
      caBundle: readFileSync(keys.ca).toString('base64'),
    },
  };
  return [service, slice, api].map((object) => JSON.stringify(object)).join('\n---\n');
}
