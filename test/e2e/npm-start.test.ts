import { endWithUs } from '@leadline/servers/reaper';
import { until } from '@leadline/testing/until';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';

const login = z.strictObject({ name: z.string(), password: z.string().min(20) });
const run = z.strictObject({
  ingest: z.url(),
  callTracker: z.url(),
  dashboard: z.url(),
  dispatcherAdmin: z.url(),
  apiKey: z.string(),
  agentKey: z.string(),
  opsKey: z.string(),
  dashboardUsers: z.strictObject({ viewer: login, operator: login }),
  postgres: z.object({ url: z.url(), roles: z.record(z.string(), z.url()) }),
  nats: z.object({ url: z.url(), users: z.record(z.string(), z.object({ user: z.string(), pass: z.string() })) }),
  simulator: z.object({ url: z.url(), phoneLog: z.string(), crmLog: z.string() }),
  processes: z.record(z.string(), z.int().positive()),
});
type Run = z.infer<typeof run>;

const root = join(import.meta.dirname, '../..');
let folder: string;
let started: ChildProcess;
let said = '';
/** Every pid that was ever told. */
const known = new Set<number>();
/** Of other programs, on our ports. */
const servers: Server[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'leadline-start-'));
});
afterAll(async () => {
  for (const server of servers) server.close();
  started.kill('SIGKILL');
  await until('everybody is gone', () => [...known].every(isGone));
  rmSync(folder, { recursive: true, force: true });
});

function start(): void {
  said = '';
  started = spawn(process.execPath, [join(root, 'packages/local/src/run.ts')], {
    env: { ...process.env, LEADLINE_STATE_DIR: folder, DATABASE_URL: '', NATS_URL: '', SAMPLE_LEADS: 'off' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  endWithUs(started);
  for (const stream of [started.stdout, started.stderr])
    stream?.on('data', (data: Buffer) => (said += data.toString()));
}

/** Reads run.json once it is there and tells of `old` no more. */
function untilRunning(old?: Run): Promise<Run> {
  return until('the system runs', () => {
    if (!existsSync(join(folder, 'run.json'))) throw new Error(said);
    const told = readRun();
    const anew = Object.entries(told.processes).every(([name, pid]) => old?.processes[name] !== pid);
    return anew && Object.keys(told.processes).length === 7 && told;
  });
}

function readRun(): Run {
  const told = run.parse(JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')));
  for (const pid of Object.values(told.processes)) known.add(pid);
  return told;
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie, where nobody collects the dead.
    return existsSync('/proc/self/stat') && /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

/** Listens on the port as soon as the process has left it. */
async function killAndTakePort(pid: number | undefined, port: number): Promise<void> {
  process.kill(pid ?? 0, 'SIGKILL');
  await until('the port is taken', () => {
    const server = createServer().listen(port, '127.0.0.1');
    servers.push(server);
    return new Promise<boolean>((resolve) => {
      server.once('listening', () => resolve(true)).once('error', () => resolve(false));
    });
  });
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}

async function sendLead(told: Run, phone: string): Promise<void> {
  const answer = await fetch(`${told.ingest}/v1/leads`, {
    method: 'POST',
    headers: { authorization: `Bearer ${told.apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Asha Verma', phone }),
  });
  expect(answer.status).toBe(202);
}

function tasksOf(told: Run): number {
  const text = existsSync(told.simulator.crmLog) ? readFileSync(told.simulator.crmLog, 'utf8') : '';
  return text.split('\n').filter((line) => line.includes('"task.created"')).length;
}

test('a lead becomes a task, whatever is killed; afterwards nobody is left', async () => {
  start();
  const first = await untilRunning();
  expect(statSync(join(folder, 'run.json')).mode & 0o777).toBe(0o600);
  await sendLead(first, '+919000001042');
  await until('its task is in the CRM', () => tasksOf(first) === 1);
  expect(said).toContain('is qualified (');
  expect(said).not.toContain('9000001042');

  // The whole run is killed and started anew at once.
  started.kill('SIGKILL');
  start();
  const second = await untilRunning(first);
  expect(Object.values(first.processes).every(isGone)).toBe(true);

  for (const pid of Object.values(second.processes)) process.kill(pid, 'SIGKILL');
  const third = await untilRunning(second);
  expect(said).toContain('Postgres ended by SIGKILL; it starts again in 0.5 s');
  await until('ingest is back', async () => (await fetch(`${third.ingest}/openapi.json`)).ok);
  await sendLead(third, '+919000003042');
  await until('its task is in the CRM', () => tasksOf(third) === 2);

  // Each dies, and another program takes its port before it is back.
  const [postgresPort, natsPort, ingestPort] = [
    portOf(third.postgres.url),
    portOf(third.nats.url),
    portOf(third.ingest),
  ];
  await killAndTakePort(third.processes['ingest'], ingestPort);
  await killAndTakePort(third.processes['postgres'], postgresPort);
  await killAndTakePort(third.processes['nats'], natsPort);
  const fourth = await until('all runs on other ports', async () => {
    const told = readRun();
    const moved = [told.postgres.url, told.nats.url, told.ingest].map(portOf);
    if ([postgresPort, natsPort, ingestPort].some((port) => moved.includes(port))) return undefined;
    const ready = await fetch(`${told.dispatcherAdmin}/readyz`);
    return ready.ok && (await fetch(`${told.ingest}/openapi.json`)).ok && told;
  });
  expect(said).toContain(`port ${ingestPort} is taken by another program: ingest listens on ${portOf(fourth.ingest)}`);
  said = '';
  await sendLead(fourth, '+919000004042');
  await until('its task is in the CRM', () => tasksOf(fourth) === 3);
  await until('its steps are shown', () => said.includes('in the CRM'));

  started.kill('SIGTERM');
  await until('the run has ended', () => started.exitCode === 0);
  expect([...known].every(isGone)).toBe(true);
  expect(existsSync(join(folder, 'run.json'))).toBe(false);
});
