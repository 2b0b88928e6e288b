import { endWithUs } from '@leadline/servers/reaper';
import { until } from '@leadline/testing/until';
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Place } from './cluster.ts';

const run = promisify(execFile);

/** The node's address in its own network. */
const nodeAddress = '192.168.77.1';

export type Machine = Place & {
  /** Runs a command to its end, in there. */
  run(command: string, ...args: string[]): Promise<string>;
  /** A control group of its own in every hierarchy, for what the kubelet runs. */
  cgroupRoot: string;
  stop(): Promise<void>;
};

/**
 * A network, process and mount namespace in which a kubelet may do as it likes: when its first process ends, everything in
 * it ends. Takes root.
 * @throws Error with one line on what is missing
 */
export async function openMachine(): Promise<Machine> {
  if (process.getuid?.() !== 0) throw new Error('a kubelet takes root');
  const isolated = ['--mount', '--net', '--pid', '--fork', '--mount-proc', '--kill-child'];
  const holder = spawn('unshare', [...isolated, 'sleep', 'infinity'], { stdio: 'ignore' });
  endWithUs(holder);
  const pid = await until('the namespaces are there', () => {
    const children = readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, 'utf8').trim();
    return children !== '' && children;
  });
  const within = (command: string, args: string[]): [string, string[]] => [
    'nsenter',
    ['--mount', '--net', '--pid', '--target', pid, '--', command, ...args],
  ];
  const inside = async (command: string, ...args: string[]): Promise<string> =>
    (await run(...within(command, args))).stdout;
  const cgroupRoot = `/leadline-${process.pid}`;
  await inside(
    'sh',
    '-euc',
    `mount --make-rshared /; mount -t tmpfs tmpfs /run; ip link set lo up
     ip link add br0 type bridge; ip address add ${nodeAddress}/24 dev br0; ip link set br0 up; ip route add default dev br0
     echo 1 > /proc/sys/net/ipv4/ip_forward`,
  );
  makeCgroups(cgroupRoot);
  return {
    address: nodeAddress,
    within,
    run: inside,
    cgroupRoot,
    async stop() {
      const gone = new Promise((resolve) => holder.once('exit', resolve));
      holder.kill('SIGKILL');
      await gone;
      await until('the control groups are empty', () => removeCgroups(cgroupRoot), 20_000).catch(() => undefined);
    },
  };
}

const hierarchies = '/sys/fs/cgroup';

/** Of version 1, where every controller is a hierarchy of its own and cpuset starts empty. */
function makeCgroups(root: string): void {
  if (existsSync(join(hierarchies, 'cgroup.controllers'))) return;
  for (const controller of readdirSync(hierarchies)) {
    const folder = join(hierarchies, controller, root);
    mkdirSync(folder, { recursive: true });
    for (const file of ['cpuset.cpus', 'cpuset.mems'])
      if (controller.includes('cpuset'))
        writeFileSync(join(folder, file), readFileSync(join(hierarchies, controller, file)));
  }
}

/** Only folders that are empty can go, the innermost first. */
function removeCgroups(root: string): boolean {
  let left = false;
  for (const controller of readdirSync(hierarchies)) {
    const folder = join(hierarchies, controller, root);
    if (!existsSync(folder)) continue;
    const all = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isDirectory());
    const deepest = all.map((entry) => join(entry.parentPath, entry.name)).toSorted((a, b) => b.length - a.length);
    for (const path of [...deepest, folder]) {
      try {
        rmdirSync(path);
      } catch {
        left = true;
      }
    }
  }
  return !left;
}
