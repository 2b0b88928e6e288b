import { rebuild, buildState } from '@leadline/contracts/commands/read-model';
import { toHeaders } from '@leadline/contracts/envelope';
import { ask } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { storeMessage } from '@leadline/messaging/stored-message';
import { streamOf } from '@leadline/messaging/topology';
import type { TestDatabase } from '@leadline/testing/database';
import { until } from '@leadline/testing/until';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRandom } from '../../../test/faults/random.ts';
import { startStand, untilKept, type Stand } from './start-dashboard.ts';

type Told = { id: string; type: string; at: Date; data: Record<string, unknown> };

/** Leads that came different distances, as their rows end up, and what was told of them on the way. */
async function writeStory(db: TestDatabase, leads: number): Promise<Told[]> {
  const events: Told[] = [];
  for (let place = 0; place < leads; place++) {
    const step = place % 5;
    const source = place % 2 === 0 ? 'indiamart' : 'website';
    const createdAt = new Date(Date.UTC(2026, 10, 20, 5, place));
    const [lead] = await db.query<{ id: number }>(
      `insert into leads (name, phone, source, created_at) values ('Asha Verma', $1, $2, $3) returning id`,
      [`+9190000${String(place).padStart(5, '0')}`, source, createdAt],
    );
    const leadId = lead?.id ?? 0;
    let seconds = 0;
    const tell = (type: string, data: Record<string, unknown>): void => {
      events.push({
        id: `${type}-${place}`,
        type,
        at: new Date(createdAt.getTime() + seconds * 1_000),
        data: { ...(type.startsWith('agent.') ? {} : { leadId, source }), ...data },
      });
      seconds++;
    };
    tell('lead.created', { enquiredAt: createdAt.toISOString() });
    if (step === 0) continue;
    const status = ['', 'calling', 'failed', 'called', 'pushed'][step];
    const sentAt = new Date(createdAt.getTime() + 4_000);
    const answeredAt = step === 1 ? null : new Date(createdAt.getTime() + 9_000);
    const [call] = await db.query<{ id: number }>(
      `insert into calls (lead_id, phone, source, status, attempt, agent_mode, call_started_at, answered_at, call_ended_at,
                          duration_seconds, failure_reason)
       values ($1, '+919000000000', $2, $3, 1, 'sarvam', $4, $5, $6, $7, $8) returning id`,
      [
        leadId,
        source,
        status,
        sentAt,
        answeredAt,
        ...(step === 1 ? [null, null] : [new Date(createdAt.getTime() + 40_000), 36]),
        step === 2 ? 'no_answers' : null,
      ],
    );
    const callId = call?.id ?? 0;
    await db.query(
      `insert into dials (call_id, lead_id, attempt, phone, owner, claimed_at, sent_at) values ($1, $2, 1, 'x', 'x', $3, $4)`,
      [callId, leadId, createdAt, sentAt],
    );
    const room = `call-${callId}-${'a'.repeat(12)}`;
    const about = { room, callId, attempt: 1 };
    tell('agent.ready', { room });
    tell('call.dialing', about);
    tell('call.ringing', { room, callId });
    if (step === 1) continue;
    tell('call.answered', { ...about, answeredAt: answeredAt?.toISOString(), sipCallId: 'sip' });
    const end = { reason: 'no_answers', sipStatus: null, rang: 'yes', durationSeconds: 36, talkSeconds: 31 };
    const asked = { doNotCall: false, callbackAt: null };
    if (step === 2) tell('call.failed', { ...about, ...end, ...asked });
    else {
      tell('agent.qualified', { room, mode: 'sarvam', qualification: { budget: '8 lakh', location: null } });
      tell('call.qualified', { room, callId, mode: 'sarvam' });
    }
    if (step === 4) tell('call.pushed', { room, callId, taskId: `task-${place}` });
  }
  return events;
}

/** `copy` tells apart two messages of one event: an outbox that was published again long after. */
async function publish(ops: Nats, event: Told, copy: number): Promise<void> {
  const envelope = { id: event.id, type: event.type, source: 'test', subject: 'lead/1', time: event.at };
  const stored = await storeMessage(ops, {
    subject: event.type,
    stream: streamOf(event.type),
    messageId: `${event.id}#${copy}`,
    headers: toHeaders(envelope),
    payload: JSON.stringify(event.data),
  });
  if (stored.kind !== 'stored') throw new Error(`not stored: ${stored.because}`);
}

const keptSteps = (db: TestDatabase) =>
  db.query(
    `select f.day::text, f.source, f.step, f.leads::int from funnel_daily f join dashboard_builds b using (generation)
      where b.state = 'serving' and f.leads <> 0 order by source, step`,
  );
const keptEvents = (db: TestDatabase) =>
  db.query(`select event_id, stream, type, at, lead_id, call_id, source, data from lead_events order by event_id`);

async function untilAcknowledged(stand: Stand): Promise<void> {
  const provisioner = await stand.nats.connect('provisioner');
  const manager = await provisioner.connection.jetstreamManager({ checkAPI: false });
  await until('every event is handled', async () => {
    for (const [stream, durable] of [
      ['LEADS', 'dashboard-leads'],
      ['CALLS', 'dashboard-calls'],
      ['AGENT', 'dashboard-agent'],
    ] as const) {
      const { num_pending: pending, num_ack_pending: unacknowledged } = await manager.consumers.info(stream, durable);
      if (pending + unacknowledged > 0) return false;
    }
    return true;
  });
  await untilKept(stand.db);
}

describe('the projector', () => {
  const leads = 40;
  let expected: { events: unknown[]; steps: unknown[] };

  /** `send` brings the story's events into the streams, in its own way. */
  async function run(send: (ops: Nats, events: readonly Told[]) => Promise<void>) {
    const stand = await startStand();
    try {
      const ops = await stand.nats.connect('ops');
      const events = await writeStory(stand.db, leads);
      await send(ops, events);
      await untilAcknowledged(stand);
      const found = { events: await keptEvents(stand.db), steps: await keptSteps(stand.db) };
      return { stand, ops, events, found };
    } catch (error) {
      await stand.stop();
      throw error;
    }
  }

  beforeAll(async () => {
    const { stand, found } = await run(async (ops, events) => {
      for (const event of events) await publish(ops, event, 0);
    });
    expected = found;
    await stand.stop();
  });

  test('tells how far each lead came', () => {
    const steps = (source: string, step: number, count: number) => ({ day: '2026-11-20', source, step, leads: count });
    expect(expected.steps).toEqual(
      ['indiamart', 'website'].flatMap((source) => [0, 1, 2, 3, 4].map((step) => steps(source, step, 4))),
    );
    expect(expected.events.length).toBeGreaterThan(leads * 4);
    expect(JSON.stringify(expected.events)).not.toContain('8 lakh');
    // An agent names its room only: lead and source are the call's.
    expect(expected.events.find((event) => (event as { event_id: string }).event_id === 'agent.ready-1')).toMatchObject(
      { source: 'website', data: {} },
    );
  });

  test.for([1, 2, 3])('says the same of a stream that is shuffled and doubled, seed %i', async (seed) => {
    const random = openRandom(seed, 'events');
    const { stand, found } = await run(async (ops, events) => {
      const copies = [...events, ...events.filter(() => random.chance(0.5))];
      await Promise.all(
        random.shuffle(copies.map((event, copy) => () => publish(ops, event, copy))).map((send) => send()),
      );
    });
    await stand.stop();
    expect(found).toEqual(expected);
  });

  test('rebuilds the same from the streams, and keeps what is older than they are', async () => {
    const random = openRandom(9, 'events');
    const { stand, ops, found } = await run(async (nats, events) => {
      for (const event of random.shuffle(events)) await publish(nats, event, 0);
    });
    try {
      const forge = (id: string, at: string) =>
        stand.db.query(
          `insert into lead_events (event_id, generation, stream, type, at, lead_id, data)
           values ($1, 1, 'LEADS', 'lead.failed', $2, 1, '{}')`,
          [id, at],
        );
      await forge('older than the streams', '2026-01-01T00:00:00Z');
      await stand.db.query(`update lead_events set data = '{"broken": true}', source = null, lead_id = null`);
      const begun = await ask(ops, rebuild, { who: 'omkar', reason: 'broken' });
      await until('it is served', async () => {
        const state = await ask(ops, buildState, {});
        return state.serving?.generation === begun.generation;
      });
      const after = await keptEvents(stand.db);
      expect(after.filter((event) => event['event_id'] !== 'older than the streams')).toEqual(found.events);
      expect(after.length).toBe(found.events.length + 1);
      expect(await keptSteps(stand.db)).toEqual(expected.steps);
    } finally {
      await stand.stop();
    }
  });
});

describe('an event', () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await startStand();
  });
  afterAll(() => stand.stop());

  test('that can not be read is a dead letter and stops nobody', async () => {
    const ops = await stand.nats.connect('ops');
    await storeMessage(ops, {
      subject: 'call.failed',
      stream: 'CALLS',
      messageId: 'broken',
      headers: toHeaders({ id: 'broken', type: 'call.failed', source: 'test', subject: 'call/1', time: new Date() }),
      payload: '{"leadId":"none"}',
    });
    await publish(
      ops,
      {
        id: 'good',
        type: 'lead.created',
        at: new Date(),
        data: { leadId: 1, source: 'website', enquiredAt: new Date().toISOString() },
      },
      0,
    );
    await until('the good one is kept', async () => (await keptEvents(stand.db)).length === 1);
    const person = await stand.as('viewer');
    const page = await until('the broken one is shown', async () => {
      const { text } = await person.get('/dead-letters');
      return text.includes('dashboard-calls') && text;
    });
    expect(page).toContain('<code>call.failed</code>');
  });
});
