import { testNats, type TestNats } from '@leadline/testing/nats';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { leadlineCommand, type LeadlineCommand } from '../e2e/leadline-command.ts';
import { examples, hasExample, startBadAgent, startExample } from './example-agent.ts';
import { programs, startRealLiveKit, type RealLiveKit } from './real-livekit.ts';

type Finding = { about: string; verdict: string; found: string };

const folder = mkdtempSync(join(tmpdir(), 'leadline-check-'));
let nats: TestNats;
let livekit: RealLiveKit;
let leadline: LeadlineCommand;

beforeAll(async () => {
  nats = await testNats();
  livekit = await startRealLiveKit({ webhookUrl: 'http://127.0.0.1:9/nowhere' });
  // The phone of the check, where `leadline agent check` says to install it.
  symlinkSync(programs().node ?? '', join(folder, 'rtc-node'));
  leadline = leadlineCommand(nats, {
    LEADLINE_STATE_DIR: folder,
    LIVEKIT_URL: livekit.url,
    LIVEKIT_API_KEY: livekit.apiKey,
    LIVEKIT_API_SECRET: livekit.apiSecret,
  });
});
afterAll(async () => {
  await livekit.stop();
  await nats.close();
  rmSync(folder, { recursive: true, force: true });
});

async function check(
  agentName: string,
  wait = '30',
): Promise<{ code: number | null; findings: Finding[]; err: string }> {
  const { code, out, err } = await leadline.run(
    'agent',
    'check',
    '--agent-name',
    agentName,
    '--wait',
    wait,
    '-o',
    'json',
  );
  return { code, findings: out === '' ? [] : (JSON.parse(out) as Finding[]), err };
}

describe.each(examples)('the %s example', (example) => {
  test.runIf(hasExample(example) && hasExample('node'))('keeps the whole contract', async () => {
    const agent = await startExample(example, { livekit, nats, agentName: `example-${example}` });
    try {
      const { code, findings, err } = await check(`example-${example}`);
      const wrong = findings.filter(({ verdict }) => verdict !== 'good');
      expect({ wrong, code, log: wrong.length > 0 || code !== 0 ? `${err}\n${agent.log()}` : '' }).toEqual({
        wrong: [],
        code: 0,
        log: '',
      });
      expect(findings.map(({ about }) => about)).toContain('honours do-not-call');
    } finally {
      await agent.stop();
    }
  });
});

test.runIf(hasExample('node'))('an agent that nobody runs is said not to come', async () => {
  const { code, findings } = await check('nobody', '2');
  expect(code).toBe(1);
  expect(findings.filter(({ verdict }) => verdict === 'bad').map(({ about }) => about)).toEqual(['named', 'in time']);
});

test.runIf(hasExample('node'))('an agent that does everything wrong is told all of it', async () => {
  const agent = await startBadAgent({ livekit, nats, agentName: 'bad' });
  try {
    const { code, findings } = await check('bad', '30');
    expect(code).toBe(1);
    expect(Object.fromEntries(findings.map(({ about, verdict }) => [about, verdict]))).toEqual({
      named: 'good',
      // It says no agent.ready.
      'in time': 'note',
      'nobody answers': 'bad',
      'waits for the answer': 'bad',
      'reports early': 'bad',
      'survives a lost line': 'bad',
      'reports the end, once': 'bad',
      leaves: 'bad',
      'honours do-not-call': 'bad',
      'hangs up': 'bad',
      'asks for a callback': 'note',
    });
  } finally {
    await agent.stop();
  }
});

test.runIf(hasExample('node'))('a worker without a name is found out', async () => {
  const agent = await startBadAgent({ livekit, nats, agentName: '' });
  try {
    const { findings } = await check('nobody', '2');
    expect(findings[0]).toMatchObject({
      about: 'named',
      verdict: 'bad',
      found: expect.stringContaining('without a name'),
    });
  } finally {
    await agent.stop();
  }
});

test.runIf(hasExample('node'))('the types of the Node example fit', async () => {
  const tsc = join(import.meta.dirname, '../../node_modules/.bin/tsc');
  const told = await promisify(execFile)(tsc, ['--noEmit', '-p', programs().node ?? '']).catch(
    (error: unknown) => error,
  );
  expect(told).toMatchObject({ stdout: '' });
});
