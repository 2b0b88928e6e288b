import { spawn } from 'node:child_process';
import { getPrograms } from './get-programs.ts';

// npm run test:livekit: both example agents on a real livekit-server. Whatever else is given goes to vitest.
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const programs = await getPrograms(say).catch((error: unknown) => {
  say(`not tested: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});
const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/livekit/vitest.config.ts'];
const env = { ...process.env, LEADLINE_LIVEKIT_PROGRAMS: JSON.stringify(programs) };
const child = spawn(process.execPath, [...vitest, ...process.argv.slice(2)], { stdio: 'inherit', env });
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
child.on('exit', (code) => process.exit(code ?? 1));
