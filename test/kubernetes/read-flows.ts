import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Allowed } from './policy-matrix.ts';

const handbook = join(import.meta.dirname, '../../docs/operate/kubernetes.md');

export type Flow = Allowed & {
  /** `all`, an overlay or a component. */
  where: string;
};

/** The table under "Network flows", one entry a connection; `every pod` stands for the names given. */
export function readFlows(everyPod: string[]): Flow[] {
  const [, section = ''] = readFileSync(handbook, 'utf8').split('\n## Network flows\n');
  const rows = (section.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('| '));
  return rows.slice(2).flatMap((row) => {
    const [from = '', to = '', port = '', , where = ''] = row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim());
    const list = (cell: string): string[] => (cell === 'every pod' ? everyPod : cell.split(', '));
    return list(from).flatMap((source) =>
      list(to).flatMap((target) => list(port).map((number) => ({ from: source, to: target, port: number, where }))),
    );
  });
}

/** One a line, in an order of their own, to be compared. */
export function tell(flows: Allowed[]): string[] {
  return flows.map(({ from, to, port }) => `${from} → ${to} ${port}`).toSorted();
}
