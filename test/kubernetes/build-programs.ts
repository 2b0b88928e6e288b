import { unpackDebianPackage } from '@leadline/servers/debian-package';
import { endWithUs } from '@leadline/servers/reaper';
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
const corednsVersion = '1.14.7';

/** Go modules whose manifests the tests take from Go's module cache. */
const modules = {
  kwok: 'sigs.k8s.io/kwok@v0.8.0',
  keda: 'github.com/kedacore/keda/v2@v2.21.0',
  prometheusOperator: 'github.com/prometheus-operator/prometheus-operator@v0.85.0',
  externalSecrets: 'github.com/external-secrets/external-secrets@v1.3.2',
} as const;

/** Kept for good, and shared by every clone on this machine: each version has a folder of its own. */
const kept = join(homedir(), '.cache/leadline');
const folders = {
  kubernetes: join(kept, `kubernetes-${kubernetes}`),
  kwok: join(kept, `kwok-${versionOf(modules.kwok)}`),
  coredns: join(kept, `coredns-${corednsVersion}`),
  keda: join(kept, `keda-${versionOf(modules.keda)}`),
} as const;

const controlPlane = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const;
const node = ['kubelet', 'kube-proxy'] as const;

/** Where each program is kept. */
const places = {
  etcd: join(folders.kubernetes, 'etcd'),
  'kube-apiserver': join(folders.kubernetes, 'kube-apiserver'),
  'kube-controller-manager': join(folders.kubernetes, 'kube-controller-manager'),
  'kube-scheduler': join(folders.kubernetes, 'kube-scheduler'),
  kubelet: join(folders.kubernetes, 'kubelet'),
  'kube-proxy': join(folders.kubernetes, 'kube-proxy'),
  kwok: join(folders.kwok, 'kwok'),
  coredns: join(folders.coredns, 'coredns'),
  'keda-operator': join(folders.keda, 'operator'),
  'keda-adapter': join(folders.keda, 'adapter'),
} as const;
export type Program = keyof typeof places;

/** Says whether Go is here, which all of it is built with. */
export async function hasGo(): Promise<boolean> {
  return run('go', ['version']).then(
    () => true,
    () => false,
  );
}

type Group = { programs: readonly Program[]; build: () => Promise<void> };
const always: Group[] = [
  { programs: ['etcd'], build: fetchEtcd },
  { programs: controlPlane, build: () => buildKubernetes(controlPlane) },
  { programs: ['kwok'], build: () => install('sigs.k8s.io/kwok/cmd/kwok', versionOf(modules.kwok), folders.kwok) },
];
const ofNodes: Group[] = [
  { programs: node, build: () => buildKubernetes(node) },
  { programs: ['coredns'], build: () => install('github.com/coredns/coredns', corednsVersion, folders.coredns) },
];
const ofKeda: Group[] = [{ programs: ['keda-operator', 'keda-adapter'], build: buildKeda }];

/**
 * Real Kubernetes programs, built once at low priority: about seven minutes of two processors for the API server and what
 * goes with it, as much again for KEDA. Answers where each is.
 * @throws Error with what the build said
 */
export async function buildPrograms(
  wanted: { node?: boolean; keda?: boolean },
  say: (line: string) => void,
): Promise<Record<Program, string>> {
  for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true });
  const groups = [...always, ...(wanted.node === true ? ofNodes : []), ...(wanted.keda === true ? ofKeda : [])];
  for (const { programs, build } of groups) {
    if (programs.every((name) => existsSync(places[name]))) continue;
    say(`building ${programs.join(', ')}, once; it is kept in ${kept}`);
    const startedAt = performance.now();
    await build();
    say(`built ${programs.join(', ')} in ${Math.round((performance.now() - startedAt) / 1_000)} s`);
  }
  return places;
}

/** A container runtime as this Kubernetes wants it, and its network plugins, unpacked; answers both folders of programs. */
export async function fetchRuntime(): Promise<{ containerd: string; cni: string }> {
  const folder = join(folders.kubernetes, 'containerd');
  const found = { containerd: join(folder, 'usr/bin'), cni: join(folder, 'usr/lib/cni') };
  if (existsSync(join(found.containerd, 'containerd')) && existsSync(join(found.cni, 'bridge'))) return found;
  const fetching = mkdtempSync(join(folders.kubernetes, 'fetching-'));
  try {
    const root = await unpackDebianPackage('containerd', fetching);
    await unpackDebianPackage('containernetworking-plugins', fetching);
    mkdirSync(folder, { recursive: true });
    renameSync(join(root, 'usr'), join(folder, 'usr'));
    return found;
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
  return go(module, [
    'build',
    '-mod=readonly',
    '-trimpath',
    '-ldflags',
    linkerFlags(),
    ...into(folders.kubernetes),
    ...paths,
  ]);
}

/** With the versions that KEDA itself pins, out of its own module: what it replaces no other module would. */
async function buildKeda(): Promise<void> {
  const flags = `-s -w -X github.com/kedacore/keda/v2/version.Version=${versionOf(modules.keda)}`;
  const paths = ['./cmd/operator', './cmd/adapter'];
  await go(await moduleFolder('keda'), [
    'build',
    '-mod=readonly',
    '-trimpath',
    '-ldflags',
    flags,
    ...into(folders.keda),
    ...paths,
  ]);
}

function into(folder: string): string[] {
  return ['-o', `${folder}/`];
}

function install(path: string, version: string, folder: string): Promise<void> {
  return go(module, ['install', `${path}@v${version}`], { GOBIN: folder });
}

function versionOf(of: string): string {
  return /@v([\d.]+)$/.exec(of)?.[1] ?? '';
}

async function go(cwd: string, args: string[], env: Record<string, string> = {}): Promise<void> {
  const own = { GOTOOLCHAIN: 'local', CGO_ENABLED: '0', GOFLAGS: '', ...env };
  const child = spawn('nice', ['-n', '10', 'go', ...args], { cwd, env: { ...process.env, ...own } });
  endWithUs(child);
  let said = '';
  child.stderr.on('data', (data: Buffer) => (said += data.toString()));
  const code = await new Promise((resolve) => child.on('exit', resolve));
  if (code !== 0) throw new Error(`go ${args[0]} failed: ${said.trim().split('\n').slice(-5).join('\n')}`);
}

async function fetchEtcd(): Promise<void> {
  const folder = mkdtempSync(join(folders.kubernetes, 'fetching-'));
  try {
    renameSync(join(await unpackDebianPackage('etcd-server', folder), 'usr/bin/etcd'), places.etcd);
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
