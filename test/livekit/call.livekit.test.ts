import { jobMetadata, type JobMetadata } from '@leadline/contracts/job-metadata';
import { openRehearsal, type Rehearsal } from '@leadline/telephony/rehearsal';
import { until } from '@leadline/testing/until';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadRtcNode } from '../../packages/cli/src/agent-check/load-rtc-node.ts';
import { joinAsPhone, type Phone } from '../../packages/cli/src/agent-check/stand-in-phone.ts';
import { examples, hasExample, startExample, type Example } from './example-agent.ts';
import { startLeadlineOnLiveKit, type LeadlineOnLiveKit } from './leadline-on-livekit.ts';
import { programs } from './real-livekit.ts';

/** The agent that the dispatcher sends. */
const dispatched = 'leadline-agent';
let leadline: LeadlineOnLiveKit;
let rehearsal: Rehearsal;

beforeAll(async () => {
  leadline = await startLeadlineOnLiveKit({ agentName: dispatched });
  rehearsal = openRehearsal(leadline.livekit);
});
afterAll(() => leadline.stop());

/** A call that the dispatcher has a permit for: what rings is the stand-in. */
async function newCall(): Promise<JobMetadata> {
  const [row] = await leadline.db.query<{ callId: number; leadId: number; phone: string }>(
    `with one as (insert into leads (name, phone, source) values ('Asha', '+9198' || lpad((random() * 1e8)::int::text, 8, '0'), 'website')
       returning id, phone),
     ours as (insert into calls (lead_id, name, phone, source, attempt, agent_mode, call_started_at)
       select id, 'Asha', phone, 'website', 1, 'sarvam', clock_timestamp() + $1 * interval '1 ms' from one returning id, lead_id, phone)
     insert into dials (call_id, lead_id, attempt, phone, owner, claimed_at, sent_at)
       select id, lead_id, 1, phone, 'test', clock_timestamp() + $1 * interval '1 ms', clock_timestamp() + $1 * interval '1 ms' from ours
     returning call_id as "callId", lead_id as "leadId", phone`,
    [leadline.shiftMs],
  );
  if (row === undefined) throw new Error('no call');
  const room = `call-${row.callId}-${randomBytes(6).toString('hex')}`;
  await leadline.db.query('update calls set call_room = $2 where id = $1', [row.callId, room]);
  return jobMetadata.parse({ version: 1, room, ...row, attempt: 1, mode: 'sarvam', name: 'Asha', products: [] });
}

type Row = { status: string; qualification: Record<string, string> | null; facts: Record<string, unknown> | null };
async function callOf(callId: number): Promise<Row | undefined> {
  const [row] = await leadline.db.query<Row>(
    `select c.status, c.qualification, to_jsonb(f) as facts
       from calls c left join call_facts f on f.call_id = c.id where c.id = $1`,
    [callId],
  );
  return row;
}

/** Waits until this fact of the call is known. */
async function untilKnown(callId: number, fact: string): Promise<unknown> {
  return until(`${fact} is known`, async () => (await callOf(callId))?.facts?.[fact] ?? undefined, 30_000);
}

/** Runs one example with a name of its own; what it said is shown if the test fails. */
async function withAgent(example: Example, work: (agentName: string) => Promise<void>): Promise<void> {
  const agentName = `${example}-${randomBytes(3).toString('hex')}`;
  const agent = await startExample(example, { livekit: leadline.livekit, nats: leadline.nats, agentName });
  try {
    await work(agentName);
  } catch (error) {
    throw new Error(`the agent said:\n${agent.log()}`, { cause: error });
  } finally {
    await agent.stop();
  }
}

/** A call whose agent is ready, and its phone, which has not rung yet. */
async function begin(agentName: string): Promise<{ callId: number; room: string; phone: Phone }> {
  const job = await newCall();
  await rehearsal.open(job.room, { name: agentName, metadata: JSON.stringify(job) });
  await untilKnown(job.callId, 'agent_ready_at');
  const rtc = await loadRtcNode(programs().node ?? '');
  return { callId: job.callId, room: job.room, phone: await joinAsPhone(rtc, rehearsal, job.room) };
}

describe.each(examples)('the %s example', (example) => {
  test.runIf(hasExample(example) && hasExample('node'))('takes a call to its answers', () =>
    withAgent(example, async (agentName) => {
      const { callId, phone } = await begin(agentName);
      await phone.ring();
      await phone.answer();
      await untilKnown(callId, 'answered_by');
      await phone.say('budget: 8 lakh; location: Pune');
      await until('the answers are stored', async () => (await callOf(callId))?.qualification ?? undefined, 30_000);
      await phone.hangUp();
      await untilKnown(callId, 'agent_ended_at');
      await until('the call is settled', async () => (await callOf(callId))?.status !== 'calling', 30_000);
      expect(await callOf(callId)).toMatchObject({
        status: 'called',
        qualification: { budget: '8 lakh', location: 'Pune' },
        facts: { ended_by: 'callee' },
      });
    }),
  );

  test.runIf(hasExample(example) && hasExample('node'))('says its last word when its room is gone', () =>
    withAgent(example, async (agentName) => {
      const { callId, room, phone } = await begin(agentName);
      await phone.answer();
      await untilKnown(callId, 'answered_by');
      await rehearsal.close(room);
      await untilKnown(callId, 'agent_ended_at');
      // Whether the phone or the agent itself was thrown out first, nobody can say.
      expect(['callee', 'error']).toContain((await callOf(callId))?.facts?.['ended_by']);
    }),
  );
});

test.runIf(hasExample('node'))('a dispatcher sends the agent its job, and without a bridge rings nobody', async () => {
  const agent = await startExample('node', { livekit: leadline.livekit, nats: leadline.nats, agentName: dispatched });
  const phone = '+919812345678';
  const dialOf = async () => {
    const [row] = await leadline.db.query<{ putBack: string | null; ready: boolean }>(
      `select d.put_back_reason as "putBack", f.agent_ready_at is not null as ready
         from dials d left join call_facts f on f.call_id = d.call_id where d.phone = $1 order by d.call_id limit 1`,
      [phone],
    );
    return row;
  };
  try {
    await leadline.db.query(
      `insert into leads (name, phone, source, product_name) values ('Asha', $1, 'website', 'Paper cup machine')`,
      [phone],
    );
    await leadline.startDispatcher();
    await until('the agent has read its job', async () => (await dialOf())?.ready, 60_000);
    await until('the dial is put back', async () => (await dialOf())?.putBack !== null, 60_000);
    // Without Redis the server has no SIP service: it says so before anything could ring.
    expect(await dialOf()).toEqual({ putBack: 'no_redis', ready: true });
  } finally {
    await agent.stop();
  }
});
