import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { moduleFolder } from './build-programs.ts';

const run = promisify(execFile);

/**
 * What kwok does with nodes and pods. `slow`: pods take up to two seconds for each step, at random, so that the order of
 * a rollout is seen; `fast`: they are ready at once.
 */
export async function readStages(kubectl: string, pods: 'slow' | 'fast'): Promise<string> {
  const folder = join(await moduleFolder('kwok'), 'kustomize/stage');
  const names = ['node/fast', 'node/heartbeat-with-lease', pods === 'slow' ? 'pod/general' : 'pod/fast'];
  const parts = names.map(async (name) => (await run(kubectl, ['kustomize', join(folder, name)])).stdout);
  return (await Promise.all(parts))
    .join('\n---\n')
    .replaceAll('DurationMilliseconds: 5000', 'DurationMilliseconds: 1500')
    .replaceAll('durationMilliseconds: 1000', 'durationMilliseconds: 300');
}
