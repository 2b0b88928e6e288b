import { makeTestLead } from '@leadline/contracts/commands/test-call';
import { ask } from '@leadline/messaging/ask';
import { until } from '@leadline/testing/until';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { startSystem, type System } from './system.ts';

let system: System;
afterEach(() => system.stop());

test.for([
  { when: 'before its permit', phone: '+919876500222', freezeAtDial: false },
  { when: 'between permit and dial', phone: '+919876500042', freezeAtDial: true },
])('a dispatcher killed $when of a test call: it does not ring later, and is not retried', async (given) => {
  const { phone, freezeAtDial } = given;
  // No agent comes to the first number, so its claim waits for one.
  const dispatcher = { TEST_NUMBERS: phone, AGENT_WAIT_SECONDS: '5' };
  system = await startSystem({ dispatchers: 0, overrides: { dispatcher } });
  const child = system.dispatcherProcess({ freezeAtDial });
  const lead = { id: randomUUID(), phone, name: 'Test call', who: 'asha' };
  const { leadId } = await ask(system.ops, makeTestLead, lead);
  await until('it is claimed, and sent if it may be', async () => {
    const [dial] = await system.db.query<{ sent: boolean }>(
      `select sent_at is not null as sent from dials where lead_id = $1`,
      [leadId],
    );
    const isFrozen = () => readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(' ')[2] === 'T';
    return dial !== undefined && (!freezeAtDial || (dial.sent && isFrozen()));
  });
  child.kill('SIGKILL');
  system.services.push(await system.launch.dispatcher());
  // Beyond the claim's life and the tracker's wait for a dial of which nobody tells.
  system.shift(100_000);
  expect(await system.leadIs(leadId, 'failed')).toMatchObject({ failure_reason: 'test_call_over' });
  // The retries of this world come after a second.
  await new Promise((resolve) => {
    setTimeout(resolve, 3_000);
  });
  expect(await system.calls(leadId)).toHaveLength(1);
  expect(system.invites(phone)).toBe(0);
});
