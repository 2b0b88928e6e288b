import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Program } from './build-programs.ts';
import type { Cluster } from './cluster.ts';
import type { Machine } from './machine.ts';
import { sandboxImage } from './make-images.ts';

const socket = '/run/containerd/containerd.sock';
const dns = '10.96.0.10';

/**
 * A real kubelet with containerd, kube-proxy and CoreDNS, as the node `node-a`, with the images of an archive.
 * @throws Error with what kubectl or containerd said
 */
export async function addRealNode(
  cluster: Cluster,
  machine: Machine,
  programs: Record<Program, string>,
  given: { runtime: { containerd: string; cni: string }; images: string },
): Promise<void> {
  const { folder } = cluster;
  for (const name of ['containerd', 'cni', 'kubelet']) mkdirSync(join(folder, name), { recursive: true });
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const path = `PATH=${given.runtime.containerd}:/usr/sbin:/usr/bin:/sbin:/bin`;
  const containerd = write('containerd.toml', containerdConfig(folder, given.runtime.cni));
  write('cni/10-bridge.conflist', JSON.stringify(network));
  cluster.launch('containerd', 'env', [path, 'containerd', '--config', containerd]);
  const ctr = (...args: string[]): Promise<string> =>
    machine.run('env', path, 'ctr', '--address', socket, '--namespace', 'k8s.io', ...args);
  await retry(() => ctr('version'));
  await ctr('images', 'import', given.images);

  cluster.launch('kubelet', programs.kubelet, [
    '--config',
    write('kubelet.json', JSON.stringify(kubeletConfig(cluster, machine))),
    '--kubeconfig',
    cluster.kubeconfig,
    '--hostname-override',
    'node-a',
    '--node-ip',
    machine.address,
    '--root-dir',
    join(folder, 'kubelet'),
  ]);
  cluster.launch('kube-proxy', 'env', [
    path,
    programs['kube-proxy'],
    '--config',
    write('kube-proxy.json', JSON.stringify(proxyConfig(cluster.kubeconfig))),
  ]);
  const corefile = `.:53 {\n  bind ${machine.address}\n  kubernetes cluster.local {\n    kubeconfig ${cluster.kubeconfig}\n  }\n}\n`;
  cluster.launch('coredns', programs.coredns, ['-conf', write('Corefile', corefile)]);
  const made = await cluster.kubectl(['create', '-f', '-'], nameService(machine.address));
  if (made.code !== 0) throw new Error(made.stderr);
  await retry(async () => {
    const ready = await cluster.kubectl(['wait', 'node', 'node-a', '--for=condition=Ready', '--timeout=5s']);
    if (ready.code !== 0) throw new Error(ready.stderr);
  });
}

/** For a minute. */
async function retry(work: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await work();
      return;
    } catch (error) {
      if (attempt === 60) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  }
}

function containerdConfig(folder: string, cni: string): string {
  return `version = 3
root = '${folder}/containerd'
state = '/run/containerd'
[grpc]
  address = '${socket}'
[plugins.'io.containerd.cri.v1.images']
  snapshotter = 'overlayfs'
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = 'docker.io/${sandboxImage}'
[plugins.'io.containerd.cri.v1.runtime']
  # Nothing here may raise its own priority.
  restrict_oom_score_adj = true
[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ['${cni}']
  conf_dir = '${folder}/cni'
[plugins.'io.containerd.cri.v1.runtime'.containerd]
  default_runtime_name = 'runc'
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = 'io.containerd.runc.v2'
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  SystemdCgroup = false
`;
}

const network = {
  cniVersion: '1.0.0',
  name: 'pods',
  plugins: [
    {
      type: 'bridge',
      bridge: 'cni0',
      isGateway: true,
      hairpinMode: true,
      ipam: { type: 'host-local', ranges: [[{ subnet: '10.244.0.0/24' }]], routes: [{ dst: '0.0.0.0/0' }] },
    },
  ],
};

function kubeletConfig({ folder, keys }: Cluster, machine: Machine): object {
  const { cert, key } = keys.of('server');
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: { anonymous: { enabled: false }, webhook: { enabled: false }, x509: { clientCAFile: keys.ca } },
    authorization: { mode: 'AlwaysAllow' },
    containerRuntimeEndpoint: `unix://${socket}`,
    tlsCertFile: cert,
    tlsPrivateKeyFile: key,
    clusterDNS: [dns],
    clusterDomain: 'cluster.local',
    cgroupDriver: 'cgroupfs',
    cgroupRoot: machine.cgroupRoot,
    failCgroupV1: false,
    failSwapOn: false,
    makeIPTablesUtilChains: false,
    localStorageCapacityIsolation: false,
    evictionHard: { 'memory.available': '50Mi', 'nodefs.available': '0%', 'imagefs.available': '0%' },
    resolvConf: '',
    podLogsDir: join(folder, 'pod-logs'),
  };
}

function proxyConfig(kubeconfig: string): object {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'nftables',
    clientConnection: { kubeconfig },
    hostnameOverride: 'node-a',
    clusterCIDR: '10.244.0.0/16',
    conntrack: { maxPerCore: 0 },
  };
}

/** CoreDNS runs beside the kubelet: its Service points at the node. */
function nameService(address: string): string {
  const ports = [
    { name: 'dns', protocol: 'UDP', port: 53 },
    { name: 'dns-tcp', protocol: 'TCP', port: 53 },
  ];
  const metadata = { name: 'kube-dns', namespace: 'kube-system' };
  const service = { apiVersion: 'v1', kind: 'Service', metadata, spec: { clusterIP: dns, ports } };
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'kube-dns' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports,
  };
  return `${JSON.stringify(service)}\n---\n${JSON.stringify(slice)}`;
}
