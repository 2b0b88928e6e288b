import type { Cluster } from './cluster.ts';

/**
 * Drains each node in turn, as an upgrade of the machines would: what was there must run elsewhere before the node is
 * given back. Answers what went wrong; empty when nothing did.
 */
export async function drainNodes(cluster: Cluster, nodes: string[], patienceSeconds: number): Promise<string[]> {
  const problems: string[] = [];
  const limit = `--timeout=${patienceSeconds}s`;
  // Simulated pods have nothing to finish, and kwok lets them take all the time they have for it.
  const drain = ['--ignore-daemonsets', '--delete-emptydir-data', '--grace-period=2', limit];
  for (const node of nodes) {
    const drained = await cluster.kubectl(['drain', node, ...drain]);
    if (drained.code !== 0) problems.push(`${node} is not drained: ${lastLine(drained.stderr)}`);
    else {
      const whole = await cluster.kubectl(['rollout', 'status', 'deployment', '--namespace', 'leadline', limit]);
      if (whole.code !== 0) problems.push(`after ${node}: ${lastLine(whole.stderr)}`);
    }
    await cluster.kubectl(['uncordon', node]);
  }
  return problems;
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
