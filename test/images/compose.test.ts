import { freePort } from '@leadline/servers/free-port';
import { until } from '@leadline/testing/until';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { openCompose, type Compose } from './compose.ts';
import type { Docker } from './docker.ts';
import { findDocker, preparedWithinMs } from './docker-of-run.ts';
import { buildImage, imageNames } from './images.ts';

const deploy = join(import.meta.dirname, '../../deploy');
let docker: Docker;
let compose: Compose | undefined;
let without: string;
const ports: Record<string, string> = {};

beforeAll(async () => {
  ({ docker, missing: without } = await findDocker());
  if (without !== '') return;
  for (const name of ['INGEST', 'CALL_TRACKER', 'DASHBOARD', 'NATS', 'DISPATCHER_ADMIN'])
    ports[`${name}_PORT`] = String(await freePort());
  try {
    compose = await openCompose(docker, { COMPOSE_PROJECT_NAME: `leadline-test-${process.pid}`, ...ports });
  } catch (error) {
    without = error instanceof Error ? error.message : String(error);
  }
}, preparedWithinMs);
afterAll(async () => {
  await compose?.(['down', '--volumes', '--timeout', '10']).catch(() => undefined);
}, 180_000);

test(
  'docker compose up runs the simulated world read-only, and a lead becomes a task',
  { timeout: 1_800_000 },
  async ({ skip }) => {
    if (compose === undefined) return skip(without);
    await Promise.all(imageNames.map((name) => buildImage(docker, name)));
    await compose(['up', '--detach', '--wait', '--no-build'], { timeoutMs: 600_000 });

    const answer = await fetch(`http://127.0.0.1:${ports['INGEST_PORT']}/v1/leads`, {
      method: 'POST',
      headers: { authorization: 'Bearer simulated-website-key' },
      body: JSON.stringify({ name: 'Asha Verma', phone: '+91 90000 02042', productName: 'Paper cup machine' }),
    });
    expect(answer.status).toBe(202);
    const run = compose;
    const tasks = async (): Promise<string> =>
      run(['exec', '-T', 'simulator', 'sh', '-c', 'cat /logs/crm.jsonl 2>/dev/null || true']);
    await until('the task', async () => (await tasks()).includes('task.created'), 60_000);
    const rang = await run(['exec', '-T', 'simulator', 'cat', '/logs/phone.jsonl']);
    expect(rang.match(/"event":"invite"/g)).toHaveLength(1);

    // Each of ours ends by itself when it is told to, long before Docker would kill it.
    const ours = ['ingest', 'dispatcher', 'call-tracker', 'crm-pusher', 'dashboard', 'simulator'];
    await run(['stop', '--timeout', '20', ...ours]);
    const states = z.array(z.object({ Service: z.string(), ExitCode: z.number() })).parse(
      (await run(['ps', '--all', '--format', 'json', ...ours]))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    );
    expect(Object.fromEntries(states.map(({ Service, ExitCode }) => [Service, ExitCode]))).toEqual(
      Object.fromEntries(ours.map((name) => [name, 0])),
    );
  },
);

test(
  'with the env file of a real one there is no simulator, and nothing unset goes through',
  { timeout: 120_000 },
  async ({ skip }) => {
    if (compose === undefined) return skip(without);
    await expect(compose(['--env-file', 'example.env', 'config'])).rejects.toThrow(
      /required variable \w+ is missing a value/,
    );
    const filled = Object.fromEntries(
      readFileSync(join(deploy, 'example.env'), 'utf8')
        .matchAll(/^([A-Z_]+)=$/gm)
        .map(([, name = '']) => [name, 'filled']),
    );
    const real = await openCompose(docker, filled);
    const services = (await real(['--env-file', 'example.env', 'config', '--services'])).trim().split('\n');
    expect(services.toSorted()).toEqual([
      'call-tracker',
      'crm-pusher',
      'dashboard',
      'dispatcher',
      'ingest',
      'nats',
      'nats-config',
      'postgres',
      'setup',
    ]);
  },
);
