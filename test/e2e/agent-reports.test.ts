import { toHeaders } from '@leadline/contracts/envelope';
import { toIndianIso } from '@leadline/contracts/indian-time';
import type { Nats } from '@leadline/messaging/connect';
import { readBacklogMs } from '@leadline/messaging/read-backlog';
import { storeMessage } from '@leadline/messaging/stored-message';
import { streamOf } from '@leadline/messaging/topology';
import { until } from '@leadline/testing/until';
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cases, day, type Case, type Found, type Report } from './agent-reports.ts';
import { numberEnding, startSystem, type System } from './system.ts';

let system: System;
let agent: Nats;
let tracker: Nats;
beforeAll(async () => {
  system = await startSystem({
    overrides: {
      calls: { MAX_CALL_SECONDS: '900', REPORT_GRACE_SECONDS: '120' },
      dispatcher: {
        RETRY_DELAYS: 'unanswered=1h rejected=1h dispatch_failed=1h startup_failed=1h stale_timeout=1h no_answers=1h',
      },
    },
  });
  agent = await system.nats.connect('agent');
  tracker = await system.nats.connect('call-tracker');
});
afterAll(() => system.stop());

type Spoken = Case & { leadId: number; room: string; callId: number };
type Told = Report & { at: Date };
type Row = Record<string, unknown>;

const usual: Found = {
  call: 'failed no_answers',
  answers: {},
  doNotCall: false,
  answeredBy: null,
  messageLeft: false,
  disposition: null,
  language: null,
  endedBy: null,
  lead: 'new',
  callbacks: [],
};

/** Each report once, in its order, over NATS. */
async function overNats({ room }: Spoken, reports: readonly Told[]): Promise<void> {
  for (const { type, data, at } of reports) {
    const headers = toHeaders({ id: randomUUID(), type, source: 'test', subject: room, time: at });
    const payload = JSON.stringify({ room, ...data });
    const message = { subject: type, stream: streamOf(type), messageId: randomUUID(), headers, payload };
    expect(await storeMessage(agent, message)).toMatchObject({ kind: 'stored' });
  }
}

/** Each report twice, the last one first, over HTTP. */
async function backwards({ room }: Spoken, reports: readonly Told[]): Promise<void> {
  for (const { type, data, at } of reports.toReversed()) {
    for (let repeat = 0; repeat < 2; repeat++) {
      const response = await fetch(`${system.trackerUrl}/v1/reports`, {
        method: 'POST',
        headers: { authorization: 'Bearer test-agent-key-over-http', 'content-type': 'application/json' },
        body: JSON.stringify({ type, time: at.toISOString(), data: { room, ...data } }),
      });
      expect(response.status).toBe(202);
    }
  }
}

/** Their times are those of their order, however they come. */
function timed(reports: readonly Report[], late: boolean, from: number): Told[] {
  return reports
    .map((report, index) => ({ ...report, at: new Date(from + index * 20) }))
    .filter((report) => (report.late ?? false) === late);
}

/** A call whose phone was answered and has been hung up; all the time in the world is left to report. */
async function talk(one: Case): Promise<Spoken & { from: number }> {
  const phone = numberEnding('2042');
  const room = `call-${randomUUID()}`;
  const [made] = await system.db.query<{ callId: number; leadId: number; at: Date }>(
    `with lead as (insert into leads (name, phone, source) values ('Asha', $1, 'website') returning id),
          call as (insert into calls (lead_id, name, phone, source, call_room, attempt, agent_mode, call_started_at, answered_at)
                   select id, 'Asha', $1, 'website', $2, 1, 'sarvam', clock_timestamp() - interval '401 s',
                          clock_timestamp() - interval '400 s' from lead returning id, lead_id),
          dial as (insert into dials (call_id, lead_id, attempt, phone, owner, claimed_at, sent_at)
                   select id, lead_id, 1, $1, 'test', clock_timestamp() - interval '402 s', clock_timestamp() - interval '401 s'
                     from call),
          facts as (insert into call_facts (call_id, leg_joined_at, leg_left_at, leg_left_reason, ever_answered, settle_at)
                    select id, clock_timestamp() - interval '401 s', clock_timestamp(), 'CLIENT_INITIATED', true,
                           clock_timestamp() + interval '1 hour' from call)
     select id as "callId", lead_id as "leadId", clock_timestamp() as at from call`,
    [phone, room],
  );
  if (made === undefined) throw new Error('no call was made');
  await system.db.query(`update leads set status = 'dispatched' where id = $1`, [made.leadId]);
  return { ...one, ...made, room, from: made.at.getTime() };
}

/** The time to report is over. */
const overdue = ({ callId }: Spoken): Promise<unknown> =>
  system.db.query(
    `update call_facts set settle_at = clock_timestamp(), leg_left_at = leg_left_at - interval '200 s' where call_id = $1`,
    [callId],
  );

/** The call is over, and the dispatcher has decided on it. */
const isDecided = async ({ callId }: Spoken): Promise<boolean> =>
  (await system.db.query(`select from dials where call_id = $1 and decided_at is not null`, [callId])).length > 0;

async function find({ callId, leadId }: Spoken): Promise<Found> {
  const [row] = await system.db.query<Row>(
    `select c.status, c.failure_reason, c.qualification, c.do_not_call, f.answered_by, f.message_left, f.disposition,
            f.language, f.ended_by, l.status as lead, l.failure_reason as lead_failed
       from calls c join leads l on l.id = c.lead_id left join call_facts f on f.call_id = c.id where c.id = $1`,
    [callId],
  );
  const callbacks = await system.db.query<Row & { at: Date | null }>(
    `select state, why, at, precision, confirmed, asked_by, kept_by from callbacks where lead_id = $1 order by id`,
    [leadId],
  );
  const text = (key: string): string | null => (typeof row?.[key] === 'string' ? row[key] : null);
  const wordsOf = (...words: unknown[]): string => words.filter((word) => typeof word === 'string').join(' ');
  const status = text('status');
  return {
    call: status === 'pushed' ? 'called' : wordsOf(status, row?.['failure_reason']),
    answers: (row?.['qualification'] ?? {}) as Found['answers'],
    doNotCall: row?.['do_not_call'] === true,
    answeredBy: text('answered_by'),
    messageLeft: row?.['message_left'] === true,
    disposition: text('disposition'),
    language: text('language'),
    endedBy: text('ended_by'),
    lead: wordsOf(row?.['lead'], row?.['lead_failed']),
    callbacks: callbacks.map(({ state, why, at, precision, confirmed, asked_by, kept_by }) =>
      wordsOf(
        state,
        why,
        showTime(at),
        precision,
        kept_by,
        confirmed === true ? 'agreed' : null,
        asked_by === 'buyer' ? null : asked_by,
      ),
    ),
  };
}

function showTime(at: Date | null): string {
  if (at === null) return 'never';
  const [date = '', time = ''] = toIndianIso(at).split('T');
  const name = date === day(1) ? 'tomorrow' : date === day(-1) ? 'yesterday' : date;
  return `${name} ${time.slice(0, 5)}`;
}

/** What was published of the call: each of its ends once, and the facts of the last one are those of its row. */
async function published({ callId, leadId }: Spoken): Promise<Row> {
  const rows = await system.db.query<{ subject: string; payload: Row }>(
    `select subject, payload from call_tracker_outbox where aggregate = $1 order by seq`,
    [`call/${callId}`],
  );
  const lead = await system.db.query<{ subject: string }>(
    `select subject from dispatcher_outbox where aggregate = $1 and subject in ('lead.callback_promised', 'lead.failed')`,
    [`lead/${leadId}`],
  );
  const count = (subject: string): number => [...rows, ...lead].filter((one) => one.subject === subject).length;
  return {
    ended: count('call.ended'),
    qualified: count('call.qualified'),
    failed: count('call.failed'),
    promised: count('lead.callback_promised'),
    given_up: count('lead.failed'),
  };
}

function toPublished(one: Case): Row {
  const found = { ...usual, ...one.expected };
  const isLate = (type: string): boolean => one.reports.some((report) => report.late === true && report.type === type);
  const called = found.call === 'called';
  // What a late last word cancels was promised before.
  const promised = isLate('agent.ended') ? /^(waiting|moved|cancelled)/ : /^(waiting|moved)/;
  return {
    ended: 1,
    qualified: called ? 1 : 0,
    failed: !called || isLate('agent.qualified') ? 1 : 0,
    promised: found.callbacks.filter((text) => promised.test(text)).length,
    given_up: found.lead.startsWith('failed') ? 1 : 0,
  };
}

/** No more than the servers take at once. */
async function inLanes<T>(given: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const left = [...given];
  await Promise.all(
    Array.from({ length: 10 }, async () => {
      for (let one = left.shift(); one !== undefined; one = left.shift()) await work(one);
    }),
  );
}

test('reports come to the same, in their order over NATS, and backwards and twice over HTTP', async () => {
  const spoken: (Spoken & { from: number; tell: typeof overNats })[] = [];
  const all = cases.flatMap((one) => [
    { one, tell: overNats },
    { one: { ...one, name: `${one.name}, backwards` }, tell: backwards },
  ]);
  const heard = (): Promise<unknown> =>
    until('all reports are heard', async () => (await readBacklogMs(tracker, 'call-tracker-agent')) === 0);
  await inLanes(all, async ({ one, tell }) => {
    const call = { ...(await talk(one)), tell };
    await tell(call, timed(one.reports, false, call.from));
    spoken.push(call);
  });
  await heard();
  await inLanes(spoken, async (call) => void (await overdue(call)));
  await until('every call is decided', async () => (await Promise.all(spoken.map(isDecided))).every(Boolean));
  await inLanes(spoken, (call) => call.tell(call, timed(call.reports, true, call.from)));
  await heard();
  const wrong: string[] = [];
  for (const call of spoken) {
    const expected = { ...usual, ...call.expected, ...toPublished(call) };
    const look = async (): Promise<Row> => ({ ...(await find(call)), ...(await published(call)) });
    const isRight = async (): Promise<boolean> => isDeepStrictEqual(await look(), expected);
    if (await until(call.name, isRight, wrong.length === 0 ? 10_000 : 500).catch(() => false)) continue;
    const found = await look();
    const others = Object.entries(found).filter(
      ([key, value]) => !isDeepStrictEqual(value, new Map(Object.entries(expected)).get(key)),
    );
    wrong.push(`${call.name}: ${JSON.stringify(Object.fromEntries(others))}`);
  }
  expect(wrong).toEqual([]);
});
