import { unpackDebianPackage } from '@leadline/local/debian-package';
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';

const run = promisify(execFile);
const module = join(import.meta.dirname, 'programs');

/** Read from the module that pins it. */
const kubernetes = /k8s\.io\/kubernetes v([\d.]+)/.exec(readFileSync(join(module, 'go.mod'), 'utf8'))?.[1] ?? '';
const kwok = 'sigs.k8s.io/kwok@v0.8.0';

/** Kept for good, and shared by every clone on this machine. */
const kept = join(homedir(), `.cache/leadline/kubernetes-${kubernetes}`);

const controlPlane = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const;
const node = ['kubelet', 'kube-proxy'] as const;
const coredns = 'github.com/coredns/coredns@v1.14.7';
export type Program = (typeof controlPlane)[number] | (typeof node)[number] | 'kwok' | 'etcd' | 'coredns';

/** Go modules whose manifests the tests take from Go's module cache. */
export const modules = {
  kwok,
  keda: 'github.com/kedacore/keda/v2@v2.21.0',
  prometheusOperator: 'github.com/prometheus-operator/prometheus-operator@v0.85.0',
  externalSecrets: 'github.com/external-secrets/external-secrets@v1.3.2',
} as const;

/** Says whether Go is here, which all of it is built with. */
export async function hasGo(): Promise<boolean> {
  return run('go', ['version']).then(
    () => true,
    () => false,
  );
}

/**
 * Real Kubernetes programs, built once at low priority: about seven minutes of two processors for the API server and what
 * goes with it. Answers where each is.
 * @throws Error with what the build said
 */
export async function buildPrograms(
  wanted: { withNode: boolean },
  say: (line: string) => void,
): Promise<Record<Program, string>> {
  mkdirSync(kept, { recursive: true });
  const groups: [string, () => Promise<void>][] = [
    ['etcd', fetchEtcd],
    [controlPlane.join(', '), () => buildKubernetes(controlPlane)],
    ['kwok', () => go(['install', kwok], { GOFLAGS: '' })],
    ...(wanted.withNode ? ofNodes : []),
  ];
  for (const [names, build] of groups) {
    if (names.split(', ').every((name) => existsSync(join(kept, name)))) continue;
    say(`building ${names}, once; it is kept in ${kept}`);
    const startedAt = performance.now();
    await build();
    say(`built ${names} in ${Math.round((performance.now() - startedAt) / 1_000)} s`);
  }
  const at = (name: Program): string => join(kept, name);
  return {
    'kube-apiserver': at('kube-apiserver'),
    'kube-controller-manager': at('kube-controller-manager'),
    'kube-scheduler': at('kube-scheduler'),
    kubelet: at('kubelet'),
    'kube-proxy': at('kube-proxy'),
    coredns: at('coredns'),
    kwok: at('kwok'),
    etcd: at('etcd'),
  };
}

const ofNodes: [string, () => Promise<void>][] = [
  [node.join(', '), () => buildKubernetes(node)],
  ['coredns', () => go(['install', coredns], { GOFLAGS: '' })],
];

/** A container runtime as this Kubernetes wants it, and its network plugins, unpacked; answers both folders of programs. */
export async function fetchRuntime(): Promise<{ containerd: string; cni: string }> {
  const folder = join(kept, 'containerd');
  const places = { containerd: join(folder, 'usr/bin'), cni: join(folder, 'usr/lib/cni') };
  if (existsSync(join(places.containerd, 'containerd')) && existsSync(join(places.cni, 'bridge'))) return places;
  const fetching = mkdtempSync(join(kept, 'fetching-'));
  try {
    const root = await unpackDebianPackage('containerd', fetching);
    await unpackDebianPackage('containernetworking-plugins', fetching);
    mkdirSync(folder, { recursive: true });
    renameSync(join(root, 'usr'), join(folder, 'usr'));
    return places;
  } finally {
    rmSync(fetching, { recursive: true, force: true });
  }
}

/** Upstream leaves these empty, which makes a version of v0.0.0. */
function linkerFlags(): string {
  const [major, minor] = kubernetes.split('.');
  const set = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((path) => [
    `-X ${path}.gitVersion=v${kubernetes}`,
    `-X ${path}.gitMajor=${major}`,
    `-X ${path}.gitMinor=${minor}`,
  ]);
  return ['-s -w', ...set].join(' ');
}

function buildKubernetes(programs: readonly string[]): Promise<void> {
  const paths = programs.map((name) => `k8s.io/kubernetes/cmd/${name}`);
  return go(['build', '-trimpath', '-ldflags', linkerFlags(), '-o', `${kept}/`, ...paths], {
    GOFLAGS: '-mod=readonly',
  });
}

async function go(args: string[], env: Record<string, string>): Promise<void> {
  const own = { GOTOOLCHAIN: 'local', CGO_ENABLED: '0', GOBIN: kept, ...env };
  const child = spawn('nice', ['-n', '10', 'go', ...args], { cwd: module, env: { ...process.env, ...own } });
  let said = '';
  child.stderr.on('data', (data: Buffer) => (said += data.toString()));
  const code = await new Promise((resolve) => child.on('exit', resolve));
  if (code !== 0) throw new Error(`go ${args[0]} failed: ${said.trim().split('\n').slice(-5).join('\n')}`);
}

async function fetchEtcd(): Promise<void> {
  const folder = mkdtempSync(join(kept, 'fetching-'));
  try {
    renameSync(join(await unpackDebianPackage('etcd-server', folder), 'usr/bin/etcd'), join(kept, 'etcd'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Where a module's files are; downloaded when they are not there. */
export async function moduleFolder(of: keyof typeof modules): Promise<string> {
  const { stdout } = await run('go', ['mod', 'download', '-json', modules[of]], {
    env: { ...process.env, GOFLAGS: '-mod=mod' },
  });
  return z.object({ Dir: z.string() }).parse(JSON.parse(stdout)).Dir;
}
