import { testNats, type TestNats } from '@leadline/testing/nats';
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** The Python of docs/build/voice-agents.md, as it stands there. */
const documented = [
  ...readFileSync(new URL('../../../docs/build/voice-agents.md', import.meta.url), 'utf8').matchAll(
    /```python\n(.*?)```/gs,
  ),
].map((match) => match[1] ?? '');

const python = process.env['LEADLINE_PYTHON'] ?? 'python3';
function hasNats(): boolean {
  try {
    execFileSync(python, ['-c', 'import nats'], { stdio: 'ignore' });
    return true;
  } catch {
    process.stderr.write(
      'skipped: the Python agent needs python3 with nats-py (pip install nats-py, or set LEADLINE_PYTHON)\n',
    );
    return false;
  }
}
const available = hasNats();

let nats: TestNats;
beforeAll(async () => {
  nats = await testNats();
});
afterAll(() => nats.close());

test.runIf(available)('the documented Python reports to the real server as the agent’s own user', async () => {
  const [definition = '', use = ''] = documented;
  const room = 'call-7-k3v9x2m4q8w1';
  const program = [
    definition,
    'async def main():',
    `    url, password, room = ${JSON.stringify(nats.url)}, ${JSON.stringify(nats.user('agent').pass)}, ${JSON.stringify(room)}`,
    ...use
      .trimEnd()
      .split('\n')
      .map((line) => `    ${line}`),
    '    await nc.close()',
    'asyncio.run(main())',
  ].join('\n');
  await promisify(execFile)(python, ['-c', program], { timeout: 20_000 });

  const ops = await nats.connect('ops');
  const consumer = await ops.connection.jetstream().consumers.get('AGENT');
  const stored: [string, unknown][] = [];
  const messages = await consumer.fetch({ max_messages: 4, expires: 2_000 });
  for await (const message of messages) {
    expect(message.headers?.get('ce-type')).toBe(message.subject);
    stored.push([message.subject, message.json()]);
  }
  expect(stored).toEqual([
    ['agent.ready', { room }],
    ['agent.qualified', { room, mode: 'sarvam', qualification: { budget: '8 lakh', location: 'Pune' } }],
    [
      'agent.callback_requested',
      { room, words: 'kal shaam chhe baje', at: '2026-12-01T18:00:00+05:30', confirmed: true },
    ],
    ['agent.ended', { room, endedBy: 'callee', doNotCall: false, callbackAt: null }],
  ]);
});
