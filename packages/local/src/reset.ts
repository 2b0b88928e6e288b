import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { readLocalConfig } from './config.ts';
import { endLeftovers, findOtherRun } from './leftovers.ts';

const { LEADLINE_STATE_DIR: folder } = readLocalConfig(process.env);
const processes = join(folder, 'processes.json');
const running = findOtherRun(processes);
if (running === undefined) {
  await endLeftovers(processes);
  rmSync(folder, { recursive: true, force: true });
  process.stdout.write('All local data is deleted; npm start begins from scratch.\n');
} else {
  process.stderr.write(`Leadline is running as process ${running}: stop it first.\n`);
  process.exitCode = 1;
}
