import { spawn } from 'node:child_process';
import { buildPrograms, hasGo } from './build-programs.ts';
import { findKubernetesTools } from './find-kubernetes-tools.ts';

// npm run test:kubernetes: the manifests on real Kubernetes programs. Whatever else is given goes to vitest.
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const proofs = ['pods', 'keda'].filter((name) => process.argv.includes(`--${name}`));
const given = process.argv.slice(2).filter((word) => word !== '--pods' && word !== '--keda');

try {
  if (!(await hasGo())) throw new Error('Go 1.26 or newer is needed, for Kubernetes is built with it');
  await findKubernetesTools();
  await buildPrograms({ node: proofs.includes('pods'), keda: proofs.includes('keda') }, say);
} catch (error) {
  say(`not tested: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/kubernetes/vitest.config.ts', ...given];
const env = { ...process.env, LEADLINE_KUBERNETES_TEST: proofs.length === 0 ? 'overlays' : proofs.join(',') };
const child = spawn(process.execPath, vitest, { stdio: 'inherit', env });
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
child.on('exit', (code) => process.exit(code ?? 1));
