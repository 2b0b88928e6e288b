import type { TestNats } from '@leadline/testing/nats';
import { endWithUs } from '@leadline/servers/reaper';
import { spawn } from 'node:child_process';
import { join } from 'node:path';

type Ended = { code: number | null; out: string; err: string };

export type LeadlineCommand = {
  /** Runs the command to its end. */
  run(...args: string[]): Promise<Ended>;
  /** The same, with something on standard input. */
  runWith(input: string, ...args: string[]): Promise<Ended>;
  /** Runs until it is ended. */
  start(...args: string[]): { out(): string; hasEnded(): boolean; end(signal: NodeJS.Signals): Promise<Ended> };
  /** As `run`, as JSON. */
  json(...args: string[]): Promise<unknown>;
};

/** The real command as a process, told where to connect by its environment. Nobody sits before it. */
export function leadlineCommand(nats: TestNats, env: Record<string, string> = {}): LeadlineCommand {
  const main = join(import.meta.dirname, '../../packages/cli/src/main.ts');
  const launch = (args: string[]) => {
    const child = spawn(process.execPath, [main, ...args], {
      env: {
        PATH: process.env['PATH'] ?? '',
        LEADLINE_WHO: 'asha',
        LEADLINE_STATE_DIR: join(import.meta.dirname, 'none'),
        NATS_URL: nats.url,
        NATS_USER: 'ops',
        NATS_PASS: nats.user('ops').pass,
        ...env,
      },
    });
    endWithUs(child);
    const said = { out: '', err: '' };
    child.stdout.on('data', (data: Buffer) => (said.out += data.toString()));
    child.stderr.on('data', (data: Buffer) => (said.err += data.toString()));
    const ended = new Promise<Ended>((resolve) => {
      child.on('close', (code) => resolve({ code, ...said }));
    });
    return { child, said, ended };
  };
  const runWith = (input: string, ...args: string[]): Promise<Ended> => {
    const { child, ended } = launch(args);
    child.stdin.end(input);
    return ended;
  };
  return {
    run: (...args) => runWith('', ...args),
    runWith,
    start(...args) {
      const { child, said, ended } = launch(args);
      return {
        out: () => said.out,
        hasEnded: () => child.exitCode !== null,
        end(signal) {
          child.kill(signal);
          return ended;
        },
      };
    },
    async json(...args) {
      const { code, out, err } = await runWith('', ...args, '-o', 'json');
      if (code !== 0) throw new Error(`leadline ${args.join(' ')} ended with ${code}: ${err}`);
      return JSON.parse(out);
    },
  };
}
