import { freePort } from '@leadline/servers/free-port';
import { endWithUs } from '@leadline/servers/reaper';
import { until } from '@leadline/testing/until';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Program } from './build-programs.ts';
import { makeKeys, writeKubeconfig, type Keys } from './keys.ts';

export type Answer = { code: number; stdout: string; stderr: string };
export type Cluster = {
  folder: string;
  keys: Keys;
  kubeconfig: string;
  /** Never throws: what kubectl refuses is what tests look at. */
  kubectl(args: string[], input?: string): Promise<Answer>;
  /** A GET, parsed. */
  read<T>(path: string, schema: z.ZodType<T>): Promise<T>;
  /** Every event of a list, as it happens, until stopped. */
  watch(path: string, onEvent: (event: { type: string; object: unknown }) => void): { stop(): void };
  /** Starts one more program of this cluster, ended with it. */
  launch(name: string, command: string, args: string[]): ChildProcess;
  stop(): Promise<void>;
};

/** Where the programs run: beside us, or in a network and process namespace of their own. */
export type Place = { address: string; within(command: string, args: string[]): [string, string[]] };
const loopback: Place = { address: '127.0.0.1', within: (command, args) => [command, args] };

/**
 * A real etcd, API server, controller-manager and scheduler, without nodes; on loopback unless told. About five seconds,
 * 0.9 GB. `controllers`: further arguments of the controller-manager.
 * @throws Error with what a program said when it does not come up
 */
export async function startCluster(
  programs: Record<Program, string>,
  kubectl: string,
  { place = loopback, controllers = [] }: { place?: Place; controllers?: string[] } = {},
): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'leadline-kubernetes-'));
  mkdirSync(join(folder, 'logs'));
  const [etcdPort, peerPort, apiPort] = [await freePort(), await freePort(), await freePort()];
  const keys = await makeKeys(folder, ['127.0.0.1', '10.96.0.1', place.address]);
  const server = `https://${place.address}:${apiPort}`;
  const kubeconfig = join(folder, 'kubeconfig');
  writeKubeconfig(kubeconfig, keys, server);
  const agent = new Agent({
    keepAlive: true,
    ca: readFileSync(keys.ca),
    cert: readFileSync(keys.of('admin').cert),
    key: readFileSync(keys.of('admin').key),
  });

  const children: ChildProcess[] = [];
  const launch = (name: string, command: string, args: string[]): ChildProcess => {
    const log = createWriteStream(join(folder, 'logs', `${name}.log`));
    const child = spawn(...place.within(command, args), { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    endWithUs(child);
    children.push(child);
    return child;
  };
  const stop = async (): Promise<void> => {
    agent.destroy();
    await Promise.all(
      children.toReversed().map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const gone = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGKILL');
        await gone;
      }),
    );
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  };
  const cluster: Cluster = {
    folder,
    keys,
    kubeconfig,
    kubectl: (args, input) => callKubectl(place.within(kubectl, ['--kubeconfig', kubeconfig, ...args]), input),
    async read(path, schema) {
      return schema.parse(JSON.parse(await fetchText(`${server}${path}`, agent)));
    },
    watch(path, onEvent) {
      const watching = get(`${server}${path}`, { agent }, (response) => {
        let text = '';
        response.on('data', (data: Buffer) => {
          const lines = (text + data.toString()).split('\n');
          text = lines.pop() ?? '';
          for (const line of lines)
            onEvent(z.object({ type: z.string(), object: z.unknown() }).parse(JSON.parse(line)));
        });
        response.on('error', () => undefined);
      });
      watching.on('error', () => undefined);
      return { stop: () => void watching.destroy() };
    },
    launch,
    stop,
  };

  try {
    const etcd = `http://127.0.0.1:${etcdPort}`;
    const peer = `http://127.0.0.1:${peerPort}`;
    launch('etcd', programs.etcd, [
      '--data-dir',
      join(folder, 'etcd'),
      '--unsafe-no-fsync',
      '--listen-client-urls',
      etcd,
      '--advertise-client-urls',
      etcd,
      '--listen-peer-urls',
      peer,
      '--initial-advertise-peer-urls',
      peer,
      '--initial-cluster',
      `default=${peer}`,
    ]);
    launch(
      'kube-apiserver',
      programs['kube-apiserver'],
      apiServerArguments(keys, etcd, { address: place.address, port: apiPort }),
    );
    await untilReady(cluster);
    const common = ['--kubeconfig', kubeconfig, '--leader-elect=false', '--bind-address=127.0.0.1'];
    const access = ['--authentication-kubeconfig', kubeconfig, '--authorization-kubeconfig', kubeconfig];
    launch('kube-controller-manager', programs['kube-controller-manager'], [
      ...common,
      ...access,
      `--secure-port=${await freePort()}`,
      '--use-service-account-credentials=true',
      '--service-account-private-key-file',
      keys.of('service-accounts').key,
      '--root-ca-file',
      keys.ca,
      ...controllers,
    ]);
    launch('kube-scheduler', programs['kube-scheduler'], [...common, ...access, `--secure-port=${await freePort()}`]);
    return cluster;
  } catch (error) {
    await stop();
    throw error;
  }
}

function apiServerArguments(keys: Keys, etcd: string, at: { address: string; port: number }): string[] {
  const serving = keys.of('server');
  const proxy = keys.of('front-proxy');
  const tokens = keys.of('service-accounts').key;
  return [
    `--etcd-servers=${etcd}`,
    `--secure-port=${at.port}`,
    `--bind-address=${at.address}`,
    `--advertise-address=${at.address}`,
    // A loopback address is refused in endpoints otherwise.
    '--endpoint-reconciler-type=none',
    `--tls-cert-file=${serving.cert}`,
    `--tls-private-key-file=${serving.key}`,
    `--client-ca-file=${keys.ca}`,
    `--service-account-key-file=${tokens}`,
    `--service-account-signing-key-file=${tokens}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    '--service-cluster-ip-range=10.96.0.0/16',
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    // For exec and logs.
    `--kubelet-client-certificate=${keys.of('admin').cert}`,
    `--kubelet-client-key=${keys.of('admin').key}`,
    '--kubelet-preferred-address-types=InternalIP',
    // For APIs that others serve, such as KEDA's metrics: it says there who asks, and goes to their addresses by itself.
    `--requestheader-client-ca-file=${keys.ca}`,
    '--requestheader-allowed-names=front-proxy',
    '--requestheader-username-headers=X-Remote-User',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    `--proxy-client-cert-file=${proxy.cert}`,
    `--proxy-client-key-file=${proxy.key}`,
    '--enable-aggregator-routing=true',
  ];
}

async function untilReady(cluster: Cluster): Promise<void> {
  try {
    await until(
      'the API server is ready',
      async () => (await cluster.kubectl(['get', '--raw', '/readyz'])).stdout === 'ok',
      90_000,
    );
  } catch (cause) {
    const said = readFileSync(join(cluster.folder, 'logs/kube-apiserver.log'), 'utf8').trim().split('\n').slice(-5);
    throw new Error(`the API server does not come up: ${said.join('\n')}`, { cause });
  }
}

function fetchText(url: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const asking = request(url, { agent }, (response) => {
      let text = '';
      response.on('data', (data: Buffer) => (text += data.toString()));
      response.on('end', () => resolve(text));
    });
    asking.on('error', reject);
    asking.end();
  });
}

function callKubectl([program, args]: [string, string[]], input: string | undefined): Promise<Answer> {
  return new Promise((resolve) => {
    const child = execFile(program, args, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, stdout, stderr });
    });
    child.stdin?.end(input ?? '');
  });
}

/** Three simulated machines in two zones, whose kubelets are kwok: a pod is ready some seconds after it is placed. */
export async function addSimulatedNodes(
  cluster: Cluster,
  programs: Record<Program, string>,
  stages: string,
): Promise<string[]> {
  const file = join(cluster.folder, 'stages.yaml');
  writeFileSync(file, stages);
  cluster.launch('kwok', programs.kwok, [
    '--config',
    file,
    '--kubeconfig',
    cluster.kubeconfig,
    '--manage-all-nodes',
    '--node-lease-duration-seconds',
    '40',
    '--cidr',
    '10.244.0.0/16',
  ]);
  const names = ['node-a', 'node-b', 'node-c'];
  const nodes = names.map((name, index) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: { 'kubernetes.io/hostname': name, 'topology.kubernetes.io/zone': `zone-${index % 2}` },
    },
    status: {
      capacity: { cpu: '8', memory: '32Gi', pods: '110' },
      allocatable: { cpu: '8', memory: '32Gi', pods: '110' },
    },
  }));
  const made = await cluster.kubectl(['create', '-f', '-'], nodes.map((node) => JSON.stringify(node)).join('\n---\n'));
  if (made.code !== 0) throw new Error(made.stderr);
  const ready = ['wait', 'node', '--all', '--for=condition=Ready', '--timeout=60s'];
  const waited = await cluster.kubectl(ready);
  if (waited.code !== 0) throw new Error(waited.stderr);
  return names;
}
