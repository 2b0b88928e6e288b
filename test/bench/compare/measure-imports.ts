import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { compileCache } from '../start-process.ts';
import type { Tree } from '../tree.ts';
import { fourServices } from './measure-turn.ts';
import { readResidentMb } from './read-proc.ts';

const run = promisify(execFile);

/** Once what was imported has come to rest, the process tells what it holds. */
const script = `await import('./src/start.ts');
setTimeout(async () => {
  const { readFileSync } = await import('node:fs');
  console.log(readFileSync('/proc/self/status', 'utf8'));
  process.exit(0);
}, 1500);`;

/** MB that processes hold, all four together, which import what the services import and do nothing. */
export async function measureImports(tree: Tree): Promise<number> {
  let sum = 0;
  for (const service of fourServices) {
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: join(tree.folder, 'services', service),
      env: { PATH: process.env['PATH'], ...compileCache },
    });
    sum += readResidentMb(stdout);
  }
  return sum;
}
