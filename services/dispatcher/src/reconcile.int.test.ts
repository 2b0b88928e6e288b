import { explain } from '@leadline/contracts/commands/lead';
import { reconcile, compareDatabase } from '@leadline/contracts/commands/reconcile';
import { callDialing } from '@leadline/contracts/events/call-dialing';
import { callEnded } from '@leadline/contracts/events/call-ended';
import { leadFailed } from '@leadline/contracts/events/lead-failed';
import { ask, type Answering } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { enqueue } from '@leadline/messaging/outbox';
import { keepSaid, readSaidSince } from '@leadline/messaging/reconcile';
import { startRelay } from '@leadline/messaging/relay';
import { storeMessage } from '@leadline/messaging/stored-message';
import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { silentLog } from '@leadline/testing/silent-log';
import { until } from '@leadline/testing/until';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { noon, openDeps } from '../test/open-deps.ts';
import { answerCommands } from './answer-commands.ts';
import { claimDueLeads } from './claim-due-leads.ts';
import type { Deps } from './deps.ts';
import { permitDial } from './permit-dial.ts';
import { answerReconcile } from './reconcile.ts';
import { watchGeneration } from './watch-generation.ts';
import { watchHearing } from './watch-hearing.ts';

// Postgres comes back from a backup: rows are taken away that the streams tell of.
let database: TestDatabase;
let nats: TestNats;
let tracker: Nats;
let deps: Deps;
let answering: Answering[];

beforeEach(async () => {
  [nats, database] = await Promise.all([testNats(), testDatabase()]);
  tracker = await nats.connect('call-tracker');
  const shiftMs = noon - Date.now();
  const opened = await openDeps({ database, nats }, () => shiftMs);
  deps = {
    ...opened,
    generation: watchGeneration(opened.postgres, opened.nats, silentLog),
    reports: watchHearing(90_000),
  };
  answering = [await answerReconcile(deps), ...(await answerCommands(deps, () => undefined))];
});
afterEach(async () => {
  await Promise.all(answering.map((each) => each.stop()));
  await deps.generation.stop();
  await Promise.all([nats.close(), database.drop()]);
});

async function addLead(phone: string): Promise<number> {
  const [lead] = await database.query<{ id: number }>(
    `insert into leads (name, phone, source, created_at) values ('Asha', $1, 'website', $2) returning id`,
    [phone, new Date(noon - 3_600_000)],
  );
  return lead?.id ?? 0;
}

const about = (leadId: number, callId: number) => ({
  leadId,
  callId,
  source: 'website',
  room: `call-${callId}-aaaabbbbcccc`,
});

function dialled(leadId: number, callId: number, time: Date): Promise<void> {
  return deps.postgres.transaction((sql) =>
    enqueue(sql, 'dispatcher', callDialing, {
      subject: `call/${callId}`,
      time,
      data: { ...about(leadId, callId), attempt: 1 },
    }),
  );
}

/** Publishes what was said, and forgets that it was. */
async function publishAndForget(): Promise<void> {
  const started = (['dispatcher', 'call-tracker'] as const).map((service) =>
    startRelay({
      databaseUrl: service === 'dispatcher' ? database.roleUrls.dispatcher : database.roleUrls.callTracker,
      nats: service === 'dispatcher' ? deps.nats : tracker,
      service,
      log: silentLog,
    }),
  );
  await until('all is published', async () => {
    const [left] = await database.query<{ n: number }>(
      `select ((select count(*) from dispatcher_outbox where published_at is null)
             + (select count(*) from call_tracker_outbox where published_at is null))::int as n`,
    );
    return left?.n === 0;
  });
  await Promise.all(started.map((relay) => relay.stop()));
  await database.query(`truncate dispatcher_outbox, call_tracker_outbox`);
}

async function askReconcile() {
  const ops = await nats.connect('ops');
  return ask(ops, reconcile.dispatcher, { who: 'asha', reason: 'restored last night’s backup' }, 20_000);
}

const holds = (): Promise<boolean> => deps.generation.holds(deps.postgres.sql);

test('nobody is claimed, permitted or rung again after a restore until the streams are reconciled', async () => {
  const [rung, untouched, refused, givenUp] = [
    await addLead('+919812345671'),
    await addLead('+919812345672'),
    await addLead('+919812345673'),
    await addLead('+919812345674'),
  ];
  await until('the database is found current', holds);
  const [claim] = await claimDueLeads(deps, 1);
  expect(claim?.leadId).toBe(rung);
  // Since the backup: a call nobody knows any more, a call that asked for rest, a lead that was given up.
  await dialled(rung, 41, new Date(noon - 60_000));
  await dialled(999, 77, new Date(noon - 90_000));
  const own = await database.open('callTracker');
  await own.transaction((sql) =>
    enqueue(sql, 'call-tracker', callEnded, {
      subject: 'call/40',
      data: {
        ...about(refused, 40),
        attempt: 1,
        reason: 'rejected',
        sipStatus: null,
        rang: 'yes',
        durationSeconds: 9,
        talkSeconds: 4,
        doNotCall: true,
        callbackAt: null,
      },
    }),
  );
  await deps.postgres.transaction((sql) =>
    enqueue(sql, 'dispatcher', leadFailed, {
      subject: `lead/${givenUp}`,
      data: { leadId: givenUp, source: 'website', reason: 'retries_used_up' },
    }),
  );
  await publishAndForget();
  await database.query(`delete from calls`);
  await database.query(`update leads set retry_after = null`);

  // Another session of NATS is one of the moments at which it looks.
  await nats.restart('kill');
  await until('the older database is found out', async () => !(await holds()));
  expect(await claimDueLeads(deps, 1)).toEqual([]);
  if (claim === undefined) throw new Error('nothing was claimed');
  expect(await permitDial(claim, deps)).toEqual({ kind: 'refused', reason: 'older_database' });

  await until('NATS is there again', () => deps.nats.isUp());
  // Whoever asks is told what the claim asks.
  expect(await deps.generation.knowledge(deps.postgres.sql)).toBe('older');
  expect(await ask(await nats.connect('ops'), explain, { leadId: untouched })).toMatchObject({
    kind: 'wait',
    reason: 'older_database',
  });
  expect(await ask(await nats.connect('ops'), compareDatabase, {})).toEqual({
    unknown: expect.arrayContaining(['call.dialing', 'lead.failed', 'call.ended']),
  });

  const told = await askReconcile();
  expect(told).toMatchObject({ events: 3, dialledLeads: [rung], failedLeads: [givenUp], doNotCall: 1 });
  // The call nobody knows may last as long as a call may: 60 s ago + token 65 s + ringing twice 30 s + 600 s.
  const heldMs = new Date(z.string().parse(told.diallingFrom)).getTime() - noon;
  expect(Math.round(heldMs / 1_000)).toBe(-60 + 65 + 60 + 600);
  expect(await askReconcile()).toMatchObject({ events: 0, dialledLeads: [], failedLeads: [], doNotCall: 0 });

  // Three other outboxes: while the tracker's does not know its own words, nobody is dialled.
  expect(await claimDueLeads(deps, 1)).toEqual([]);
  expect(await ask(await nats.connect('ops'), compareDatabase, {})).toEqual({ unknown: ['call.ended'] });
  const said = await readSaidSince(tracker, own.sql, 'call-tracker');
  await own.transaction((sql) => keepSaid(sql, 'call-tracker', said));
  await until('the database is found current again', holds);
  expect(await claimDueLeads(deps, 1)).toEqual([]);
  expect(await ask(await nats.connect('ops'), explain, { leadId: untouched })).toEqual({
    kind: 'wait',
    reason: 'calls_before_restore',
    until: told.diallingFrom,
  });
  await database.query(`update dial_control set next_dial_at = null`);
  const [next] = await claimDueLeads(deps, 1);
  expect(next?.leadId).toBe(untouched);
  expect(next?.callId).toBeGreaterThan(77);
  expect(await claimDueLeads(deps, 1)).toEqual([]);
  const leads = await database.query<{ id: number; failure_reason: string | null }>(
    `select id, failure_reason from leads where status = 'failed' order by id`,
  );
  expect(leads.map(({ id, failure_reason }) => [id, failure_reason])).toEqual([
    [rung, 'dialled_before_restore'],
    [refused, 'do_not_call'],
    [givenUp, 'retries_used_up'],
  ]);
});

test.for<[string, Record<string, string>]>([
  ['nothing around it', {}],
  ['an envelope that is nobody’s', { 'ce-id': '1', 'ce-type': 'lead.failed', 'ce-source': 'me' }],
])('a plain message as the newest of a rare subject, with %s: people are rung all the same', async ([, headers]) => {
  const lead = await addLead('+919812345671');
  await until('the database is found current', holds);
  const ops = await nats.connect('ops');
  for (const [stream, subject] of [
    ['LEADS', 'lead.failed'],
    ['LEADS', 'lead.created'],
    ['CALLS', 'call.push_failed'],
    ['CALLS', 'call.ended'],
  ] as const)
    await storeMessage(ops, { subject, stream, messageId: `plain-${subject}`, headers, payload: 'hello' });
  // Another start of the dispatcher, and a nats-server that is restarted.
  const started = watchGeneration(deps.postgres, await nats.connect('dispatcher'), silentLog);
  await until('a new dispatcher finds it current', () => started.holds(deps.postgres.sql));
  await started.stop();
  await nats.restart('kill');
  await until('NATS is there again', () => deps.nats.isUp() && deps.nats.reconnects() === 1);
  expect(await deps.generation.compare()).toEqual([]);
  expect(await ask(await nats.connect('ops'), explain, { leadId: lead })).toMatchObject({ kind: 'dial' });
  expect((await claimDueLeads(deps, 1))[0]?.leadId).toBe(lead);
});

test('a restored table in the same server is another database, and is compared before anybody is dialled', async () => {
  await addLead('+919812345671');
  await until('the database is found current', holds);
  // pg_restore --clean, while everything runs.
  await database.query(`alter table dispatcher_outbox rename to gone`);
  await database.query(`create table dispatcher_outbox (like gone including all)`);
  await database.query(`grant select, insert, update, delete on dispatcher_outbox to leadline_dispatcher`);
  expect(await claimDueLeads(deps, 1)).toEqual([]);
  await until('it is compared and found current', holds);
  expect(await claimDueLeads(deps, 1)).toHaveLength(1);
});

test('a dial that the backup has as unsent was sent, and a new lead with an old number is not marked', async () => {
  const leadId = await addLead('+919812345671');
  await until('the database is found current', holds);
  const [claim] = await claimDueLeads(deps, 1);
  if (claim === undefined) throw new Error('nothing was claimed');
  await deps.postgres.transaction((sql) =>
    enqueue(sql, 'dispatcher', callDialing, {
      subject: `call/${claim.callId}`,
      time: new Date(noon),
      data: { ...about(leadId, claim.callId), room: claim.room, attempt: 1 },
    }),
  );
  // Its number comes again: the row of now was made after the event.
  const reused = await addLead('+919812345672');
  await dialled(reused, 500, new Date(noon - 7_200_000));
  await publishAndForget();
  const told = await askReconcile();
  expect(told).toMatchObject({ events: 2, dialledLeads: [leadId] });
  const [dial] = await database.query<{ sent: boolean }>(
    `select sent_at is not null as sent from dials where call_id = $1`,
    [claim.callId],
  );
  expect(dial?.sent).toBe(true);
  const [lead] = await database.query<{ status: string }>(`select status from leads where id = $1`, [reused]);
  expect(lead?.status).toBe('new');
});
