import { freePort } from '@leadline/servers/free-port';
import { endProcess, endWithUs } from '@leadline/servers/reaper';
import type { TestNats } from '@leadline/testing/nats';
import { until } from '@leadline/testing/until';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { programs, type RealLiveKit } from './real-livekit.ts';

export const examples = ['node', 'python'] as const;
export type Example = (typeof examples)[number];

export type RunningAgent = {
  /** Its last words, for a test that fails. */
  log(): string;
  /** Ends it, with its jobs. */
  stop(signal?: NodeJS.Signals): Promise<void>;
};

/** Whether this example's packages could be had. */
export function hasExample(example: Example): boolean {
  return programs()[example] !== undefined;
}

/** Starts an example as its README says, in scripted mode, and waits until LiveKit knows it. */
export async function startExample(
  example: Example,
  given: { livekit: RealLiveKit; nats: TestNats; agentName: string; settings?: Record<string, string> },
): Promise<RunningAgent> {
  const { livekit, nats, agentName } = given;
  const { node, python } = programs();
  const folder = join(import.meta.dirname, `../../examples/agent-${example}`);
  const [command, program] = example === 'node' ? [process.execPath, 'agent.ts'] : [python ?? 'python3', 'agent.py'];
  if (node === undefined && example === 'node') throw new Error('the packages of the Node agent are missing');
  const child = spawn(command, [program, 'start'], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: process.env['HOME'] ?? '',
      LIVEKIT_URL: livekit.url.replace('http', 'ws'),
      LIVEKIT_API_KEY: livekit.apiKey,
      LIVEKIT_API_SECRET: livekit.apiSecret,
      AGENT_NAME: agentName,
      NATS_URL: nats.url,
      NATS_USER: 'agent',
      NATS_PASS: nats.user('agent').pass,
      MODELS: 'scripted',
      IDLE_PROCESSES: '1',
      WORKER_PORT: String(await freePort()),
      ...given.settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  endWithUs(child);
  let log = '';
  const hear = (data: Buffer): void => void (log = `${log}${data.toString()}`.slice(-20_000));
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  await until(
    `the ${example} agent is registered`,
    () => {
      if (child.exitCode !== null) throw new Error(`the ${example} agent did not start:\n${log}`);
      return /registered worker/i.test(log);
    },
    60_000,
  );
  return { log: () => log, stop: (signal = 'SIGTERM') => endProcess(child, signal, 10_000) };
}
