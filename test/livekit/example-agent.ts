import { freePort } from '@leadline/servers/free-port';
import { endProcess, endWithUs, removeWithUs } from '@leadline/servers/reaper';
import type { TestNats } from '@leadline/testing/nats';
import { until } from '@leadline/testing/until';
import { spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
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

type Given = { livekit: RealLiveKit; nats: TestNats; agentName: string };

/** Starts an example as its README says, in scripted mode, and waits until LiveKit knows it. */
export async function startExample(example: Example, given: Given): Promise<RunningAgent> {
  const { node, python } = programs();
  const folder = join(import.meta.dirname, `../../examples/agent-${example}`);
  if (example === 'node') return start([process.execPath, 'agent.ts'], node ?? folder, given);
  return start([python ?? 'python3', 'agent.py'], folder, given);
}

/** Starts the agent that does everything wrong; without a name if that is empty. */
export async function startBadAgent(given: Given): Promise<RunningAgent> {
  const folder = mkdtempSync(join(tmpdir(), 'leadline-bad-agent-'));
  removeWithUs(folder);
  symlinkSync(join(programs().node ?? '', 'node_modules'), join(folder, 'node_modules'));
  copyFileSync(join(import.meta.dirname, 'bad-agent.mjs'), join(folder, 'bad-agent.mjs'));
  const agent = await start([process.execPath, 'bad-agent.mjs'], folder, given);
  return {
    ...agent,
    async stop(signal) {
      await agent.stop(signal);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function start(
  [command, program]: [command: string, program: string],
  folder: string,
  { livekit, nats, agentName }: Given,
): Promise<RunningAgent> {
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
    `${program} is registered`,
    () => {
      if (child.exitCode !== null) throw new Error(`${program} did not start:\n${log}`);
      return /registered worker/i.test(log);
    },
    60_000,
  );
  return { log: () => log, stop: (signal = 'SIGTERM') => endProcess(child, signal, 10_000) };
}
