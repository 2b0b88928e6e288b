import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openDeps, startOver } from '../test/open-deps.ts';
import { cancelPromises } from './cancel-promises.ts';
import { claimDueLeads, type Claim } from './claim-due-leads.ts';
import type { Deps } from './deps.ts';
import { heedEnquiries } from './heed-enquiries.ts';
import { addDoNotCall } from './keep-do-not-call.ts';
import { keepPromises } from './keep-promises.ts';
import { pauseAfterTalks } from './pause-after-talk.ts';
import { permitDial } from './permit-dial.ts';
import { erasePerson } from './erase-person.ts';
import { readPromised } from './read-promised.ts';
import { restorePromises } from './restore-promises.ts';
import { revokeDial } from './revoke-dial.ts';
import { settleCall } from './settle-lead.ts';
import { cancelCallback, listCallbacks, moveCallback } from './steer-callbacks.ts';

// What becomes of a promised time in the tables, from the tracker's word on the call to its kept promise.
let database: TestDatabase;
let nats: TestNats;
let deps: Deps;
let clock = 0;
const phone = '+919812345678';
/** A time of 25 November 2026, a Wednesday, in India. */
const at = (time: string, day = 25): Date => new Date(`2026-11-${day}T${time}+05:30`);
const setClock = (time: Date): void => {
  clock = time.getTime() - Date.now();
};
const now = (): Date => new Date(Date.now() + clock);

beforeAll(async () => {
  database = await testDatabase();
  nats = await testNats();
  const opened = await openDeps({ database, nats }, () => clock, {
    CALL_WINDOW: 'mon-sat 09:00-21:00',
    CLOSING_DISPOSITIONS: 'wrong_number not_interested',
    CONTACT_PAUSE_HOURS: '24',
    RETRY_JITTER: '0.1',
    RETRY_DELAYS: 'unanswered=1h rejected=1h dispatch_failed=1h startup_failed=1h stale_timeout=1h no_answers=1h',
  });
  deps = { ...opened, policy: { ...opened.policy, latestInviteMs: 10_000 }, random: () => 1 };
});
afterAll(async () => {
  await nats.close();
  await database.drop();
});
beforeEach(async () => {
  await startOver(database);
  setClock(at('11:00:00'));
});

async function aLead(more: { phone?: string; createdAt?: Date } = {}): Promise<number> {
  const [lead] = await database.query<{ id: number }>(
    `insert into leads (name, phone, source, created_at) values ('Asha', $1, 'website', $2) returning id`,
    [more.phone ?? phone, more.createdAt ?? now()],
  );
  return lead?.id ?? 0;
}

async function claimOne(): Promise<Claim> {
  const [claim] = await claimDueLeads(deps, 1);
  if (claim === undefined) throw new Error('nothing was claimed');
  return claim;
}

type Asked = { at?: Date | null; words?: string; keptBy?: 'agent' | 'person'; saidAt?: Date };
/** The tracker's slice of a call's end: sent, over, with what it heard. */
async function end(
  claim: Claim,
  {
    asked,
    answers,
    reason = 'no_answers',
    doNotCall = false,
  }: {
    asked?: Asked;
    answers?: Record<string, string>;
    reason?: string;
    doNotCall?: boolean;
  } = {},
): Promise<void> {
  await database.query(`update dials set sent_at = coalesce(sent_at, $2) where call_id = $1`, [claim.callId, now()]);
  await database.query(
    `insert into call_facts (call_id, number_free_at, slot_free_at) values ($1, $2, $2)
     on conflict (call_id) do update set number_free_at = $2, slot_free_at = $2`,
    [claim.callId, new Date(now().getTime() - 1)],
  );
  if (asked !== undefined) await hear(claim, asked);
  await database.query(
    `update calls set status = $2, failure_reason = $3, qualification = $4, do_not_call = $5, call_ended_at = $6 where id = $1`,
    [
      claim.callId,
      answers === undefined ? 'failed' : 'called',
      answers === undefined ? reason : null,
      answers === undefined ? null : JSON.stringify(answers),
      doNotCall ? true : null,
      now(),
    ],
  );
  await settleCall(claim.callId, deps);
}

async function hear(claim: { callId: number }, asked: Asked): Promise<void> {
  const saidAt = asked.saidAt ?? now();
  const request = {
    words: asked.words ?? 'shaam ko chhe baje',
    at: asked.at === undefined ? at('18:00:00') : asked.at,
    precision: 'exact',
    confirmed: true,
    askedBy: 'buyer',
    keptBy: asked.keptBy ?? 'agent',
    saidAt,
  };
  await database.query(
    `insert into call_facts (call_id, callback_request, callback_heard_at) values ($1, $2, $3)
     on conflict (call_id) do update set callback_request = $2, callback_heard_at = $3`,
    [claim.callId, JSON.stringify(request), now()],
  );
}

type LeadNow = { status: string; retry_after: Date | null; retry_count: number; failure_reason: string | null };
async function leadNow(id: number): Promise<LeadNow> {
  const [lead] = await database.query<LeadNow>(
    `select status, retry_after, retry_count, failure_reason from leads where id = $1`,
    [id],
  );
  if (lead === undefined) throw new Error('there is no such lead');
  return lead;
}
const states = async (leadId: number): Promise<string[]> => {
  const rows = await database.query<{ state: string; why: string | null }>(
    `select state, why from callbacks where lead_id = $1 order by id`,
    [leadId],
  );
  return rows.map(({ state, why }) => (why === null ? state : `${state}: ${why}`));
};
const told = (): Promise<{ subject: string; payload: Record<string, unknown> }[]> =>
  database.query(`select subject, payload from dispatcher_outbox where subject like 'lead.callback%' order by seq`);

/** A lead whose call has asked for 18:00. */
async function promised(more: Parameters<typeof end>[1] = {}, lead: Parameters<typeof aLead>[0] = {}): Promise<number> {
  const id = await aLead(lead);
  await end(await claimOne(), { asked: {}, ...more });
  return id;
}

test('a call that asks for a time spends nothing, and its lead is due to the minute', async () => {
  const id = await promised();
  expect(await leadNow(id)).toMatchObject({ status: 'new', retry_after: at('18:00:00'), retry_count: 0 });
  expect(await states(id)).toEqual(['waiting']);
  expect(await told()).toMatchObject([{ subject: 'lead.callback_promised' }]);
  expect(await claimDueLeads(deps, 4)).toEqual([]);
  setClock(at('18:00:00'));
  const claim = await claimOne();
  expect(claim).toMatchObject({ leadId: id, attempt: 2 });
  expect((await permitDial(claim, deps)).kind).toBe('permitted');
  await end(claim, { answers: { budget: '8 lakh' } });
  expect(await states(id)).toEqual(['kept']);
  expect(await leadNow(id)).toMatchObject({ status: 'dispatched', retry_count: 0 });
  expect(await told()).toMatchObject([{}, { subject: 'lead.callback_closed', payload: { state: 'kept' } }]);
});

test('answers, age and the pause after a talk do not stand in its way, and its agent knows what was learnt', async () => {
  const id = await promised(
    { answers: { location: 'Pune' }, asked: { at: at('18:00:00', 28) } },
    { createdAt: at('11:00:00', 20) },
  );
  setClock(at('18:00:00', 28));
  await pauseAfterTalks(deps);
  const claim = await claimOne();
  expect(claim.leadId).toBe(id);
  expect(await readPromised(deps.postgres.sql, claim.callbackId ?? 0)).toEqual({
    words: 'shaam ko chhe baje',
    at: '2026-11-28T18:00:00.000+05:30',
    precision: 'exact',
    confirmed: true,
    askedBy: 'buyer',
    learnt: { location: 'Pune' },
  });
  expect((await permitDial(claim, deps)).kind).toBe('permitted');
});

test('a promise that nobody answers is kept, and the retry table goes on where it was', async () => {
  const id = await promised();
  setClock(at('18:00:00'));
  const claim = await claimOne();
  await permitDial(claim, deps);
  await end(claim, { reason: 'unanswered' });
  expect(await states(id)).toEqual(['kept']);
  expect(await leadNow(id)).toMatchObject({ status: 'new', retry_count: 0 });
  expect((await leadNow(id)).retry_after?.getTime()).toBeGreaterThan(at('18:59:00').getTime());
});

test('it survives put-backs, and the promised time is their floor', async () => {
  const id = await promised();
  setClock(at('18:00:00'));
  for (const reason of ['dispatcher_stopping', 'agent_unreachable']) {
    const claim = await claimOne();
    await revokeDial(claim.callId, { putBack: reason }, deps);
    await database.query(`update calls set status = 'failed', failure_reason = 'dispatch_failed' where id = $1`, [
      claim.callId,
    ]);
    await settleCall(claim.callId, deps);
    expect(await states(id)).toEqual(['waiting']);
    expect((await leadNow(id)).retry_after?.getTime()).toBeGreaterThan(now().getTime());
    expect((await leadNow(id)).retry_count).toBe(0);
    setClock(new Date(now().getTime() + 31_000));
  }
  const claim = await claimOne();
  expect((await permitDial(claim, deps)).kind).toBe('permitted');
  await end(claim, { answers: { budget: '8 lakh' } });
  expect(await states(id)).toEqual(['kept']);
});

test('late is missed, and the buyer is rung all the same', async () => {
  const id = await promised();
  setClock(at('18:06:00'));
  const claim = await claimOne();
  await permitDial(claim, deps);
  await end(claim, { reason: 'unanswered' });
  expect(await states(id)).toEqual(['missed: late']);
});

test.for<[string, Date, Date]>([
  ['20:58', at('20:58:00'), at('20:58:00')],
  ['21:02', at('21:02:00'), at('09:00:00', 26)],
])('a promise at %s is rung then or at the opening, and both times are told', async ([_name, asked, due]) => {
  const id = await promised({ asked: { at: asked } });
  expect(await leadNow(id)).toMatchObject({ retry_after: due });
  const moved = (await told()).filter(({ subject }) => subject === 'lead.callback_moved');
  const times = { from: asked.toISOString(), to: due.toISOString(), reason: 'window_shut' };
  expect(moved.map(({ payload }) => payload)).toMatchObject(asked < due ? [times] : []);
  setClock(due);
  const claim = await claimOne();
  expect((await permitDial(claim, deps)).kind).toBe('permitted');
  await end(claim);
  expect(await states(id)).toEqual(['kept']);
});

test('one for which the window shuts before it is rung is moved to the opening and told', async () => {
  const id = await promised({ asked: { at: at('20:58:00') } });
  setClock(at('20:59:40'));
  await keepPromises(deps);
  await keepPromises(deps);
  expect(await leadNow(id)).toMatchObject({ status: 'new', retry_after: at('09:00:00', 26) });
  const moved = (await told()).filter(({ subject }) => subject === 'lead.callback_moved');
  expect(moved).toHaveLength(1);
  setClock(at('09:00:05', 26));
  await permitDial(await claimOne(), deps);
});

test('the latest request counts, whichever call it comes from, and one that is heard twice is one', async () => {
  const id = await promised({ answers: { location: 'Pune' } });
  const [call] = await database.query<{ callId: number }>(`select id as "callId" from calls`);
  await hear({ callId: call?.callId ?? 0 }, { at: at('19:00:00'), saidAt: new Date(now().getTime() + 1_000) });
  await keepPromises(deps);
  await keepPromises(deps);
  expect(await states(id)).toEqual(['moved: asked_again', 'waiting']);
  expect(await leadNow(id)).toMatchObject({ status: 'new', retry_after: at('19:00:00') });
});

test('one that is heard after the call was settled replaces the waiting retry, and revives a lead that was given up', async () => {
  const id = await aLead();
  const claim = await claimOne();
  await end(claim);
  expect(await leadNow(id)).toMatchObject({ status: 'new', retry_count: 1 });
  await hear(claim, {});
  await keepPromises(deps);
  expect(await leadNow(id)).toMatchObject({ status: 'new', retry_after: at('18:00:00') });
  await database.query(`update leads set status = 'failed', failure_reason = 'retries_used_up', retry_after = null`);
  await keepPromises(deps);
  expect(await leadNow(id)).toMatchObject({ status: 'new', retry_after: at('18:00:00'), failure_reason: null });
});

test('a person’s promise dials nobody', async () => {
  const id = await promised({ asked: { keptBy: 'person' }, answers: { callback: 'chhe baje' } });
  expect(await leadNow(id)).toMatchObject({ status: 'dispatched' });
  expect(await states(id)).toEqual(['moved: to_person']);
  setClock(at('18:00:00'));
  expect(await claimDueLeads(deps, 4)).toEqual([]);
});

test('a further enquiry keeps the time, and its product goes with the call', async () => {
  const id = await promised();
  await database.query(
    `insert into lead_enquiries (receipt_id, lead_id, source, product_name, enquired_at, added_at)
     values (gen_random_uuid(), $1, 'indiamart', 'Dona machine', clock_timestamp(), clock_timestamp())`,
    [id],
  );
  await heedEnquiries(deps);
  expect(await leadNow(id)).toMatchObject({ status: 'new', retry_after: at('18:00:00') });
  setClock(at('18:00:00'));
  expect((await claimOne()).products).toEqual(['Dona machine']);
});

describe('never again', () => {
  test('in the same call, whatever was said first', async () => {
    const id = await promised({ doNotCall: true });
    expect(await states(id)).toEqual(['cancelled: do_not_call']);
    expect(await leadNow(id)).toMatchObject({ status: 'failed', failure_reason: 'do_not_call' });
  });

  test('between the promise and its time, and between claim and permit', async () => {
    const id = await promised();
    setClock(at('18:00:00'));
    const claim = await claimOne();
    await addDoNotCall({ phone, who: 'asha', reason: 'asked' }, deps);
    expect(await permitDial(claim, deps)).toEqual({ kind: 'refused', reason: 'do_not_call' });
    await revokeDial(claim.callId, { putBack: 'do_not_call' }, deps);
    await database.query(`update calls set status = 'failed', failure_reason = 'dispatch_failed' where id = $1`, [
      claim.callId,
    ]);
    await settleCall(claim.callId, deps);
    expect(await states(id)).toEqual(['cancelled: do_not_call']);
    expect(await leadNow(id)).toMatchObject({ status: 'failed', failure_reason: 'do_not_call' });
    expect(await claimDueLeads(deps, 4)).toEqual([]);
  });

  test('a request that comes after it promises nothing: only a person takes somebody off the list', async () => {
    const id = await aLead();
    const claim = await claimOne();
    await addDoNotCall({ phone, who: 'asha', reason: 'asked' }, deps);
    await end(claim, { asked: {} });
    expect(await states(id)).toEqual(['cancelled: do_not_call']);
  });
  test.for<[string, string, (callId: number) => Promise<unknown>]>([
    [
      'a wish in a late report',
      'do_not_call',
      async (callId) => {
        await database.query(`update calls set do_not_call = true where id = $1`, [callId]);
        await database.query(`update call_facts set do_not_call_at = $2 where call_id = $1`, [callId, now()]);
      },
    ],
    [
      'a person who puts it on the list',
      'do_not_call',
      () => addDoNotCall({ phone, who: 'asha', reason: 'asked' }, deps),
    ],
    [
      'a wrong number in a late report',
      'wrong_number',
      (callId) => database.query(`update call_facts set disposition = 'wrong_number' where call_id = $1`, [callId]),
    ],
  ])('after the call was settled, %s cancels the promise before its time', async ([, why, say]) => {
    const id = await promised();
    const other = await promised({}, { phone: '+919812345679' });
    const [call] = await database.query<{ id: number }>(`select id from calls where lead_id = $1`, [id]);
    await say(call?.id ?? 0);
    await cancelPromises(deps);
    await keepPromises(deps);
    await cancelPromises(deps);
    expect(await states(id)).toEqual([`cancelled: ${why}`]);
    expect(await leadNow(id)).toMatchObject({ status: 'failed', failure_reason: why, retry_after: null });
    expect((await told()).filter(({ subject }) => subject === 'lead.callback_closed')).toHaveLength(1);
    expect(await states(other)).toEqual(['waiting']);
  });
});

test('a lead is called back three times, and then no more', async () => {
  const id = await promised();
  for (const hour of ['18', '19', '20']) {
    setClock(at(`${hour}:00:00`));
    const claim = await claimOne();
    await permitDial(claim, deps);
    await end(claim, { asked: { at: at(`${Number(hour) + 1}:00:00`) }, reason: 'rejected' });
  }
  expect(await states(id)).toEqual(['kept', 'kept', 'kept', 'cancelled: too_many']);
});

describe('an operator', () => {
  const by = { who: 'asha', reason: 'asked by mail' };

  test('moves a callback, and sees both', async () => {
    const id = await promised();
    const moved = await moveCallback({ leadId: id, at: '2026-11-25T21:30:00+05:30', ...by }, deps);
    expect(moved).toMatchObject({ state: 'waiting', dueAt: at('09:00:00', 26).toISOString() });
    expect(await leadNow(id)).toMatchObject({ status: 'new', retry_after: at('09:00:00', 26) });
    const listed = await listCallbacks({ leadId: id, limit: 10 }, deps);
    expect(listed.callbacks.map(({ state, why }) => [state, why])).toEqual([
      ['waiting', null],
      ['moved', 'operator'],
    ]);
    await expect(moveCallback({ leadId: id, at: '2026-11-25T10:00:00+05:30', ...by }, deps)).rejects.toThrow(/at:/);
    expect(await database.query(`select action, who from dispatcher_audit where lead_id = $1`, [id])).toEqual([
      { action: 'move_callback', who: 'asha' },
    ]);
  });

  test('cancels one: nobody is rung in its place either', async () => {
    const [silent, answered] = [
      await promised(),
      await promised({ answers: { location: 'Pune' } }, { phone: '+919812345670' }),
    ];
    for (const leadId of [silent, answered]) {
      expect(await cancelCallback({ leadId, ...by }, deps)).toMatchObject({ state: 'cancelled', why: 'operator' });
      await expect(cancelCallback({ leadId, ...by }, deps)).rejects.toThrow(/has no callback to move or cancel/);
    }
    expect(await leadNow(silent)).toMatchObject({ status: 'failed', failure_reason: 'callback_cancelled' });
    expect(await leadNow(answered)).toMatchObject({ status: 'dispatched' });
    await keepPromises(deps);
    setClock(at('18:00:00'));
    expect(await claimDueLeads(deps, 4)).toEqual([]);
  });

  test('does neither while its call is on its way', async () => {
    const id = await promised();
    setClock(at('18:00:00'));
    await claimOne();
    await expect(cancelCallback({ leadId: id, ...by }, deps)).rejects.toThrow(/on its way/);
  });

  test('erases a person: the words go, and nobody is promised anything', async () => {
    const id = await promised();
    await erasePerson({ phone, who: 'asha', reason: 'asked', dryRun: false }, deps);
    expect(await states(id)).toEqual(['cancelled: erased']);
    expect(await database.query(`select words from callbacks`)).toEqual([{ words: null }]);
  });
});

describe('a database that came back older', () => {
  type Events = Parameters<typeof restorePromises>[1];
  const said = (type: string, leadId: number, time: Date, data: Record<string, unknown> = {}): Events[number] => ({
    id: `${type} ${time.toISOString()}`,
    subject: `lead/${leadId}`,
    storedAt: time,
    headers: {},
    seq: 1,
    type,
    time,
    data: { leadId, source: 'website', callId: 77, ...data },
    about: { leadId, callId: 77, room: 'call-77-aaaabbbbcccc' },
  });
  const made = (leadId: number, time: Date) =>
    said('lead.callback_promised', leadId, time, {
      at: at('18:00:00').toISOString(),
      dueAt: at('18:00:00').toISOString(),
      precision: 'exact',
      keptBy: 'agent',
    });
  const restore = (events: Events) => deps.postgres.transaction((sql) => restorePromises(sql, events, now(), deps));

  test('makes the promise again that it forgot, and its lead is due then', async () => {
    const id = await aLead({ createdAt: at('10:00:00') });
    await database.query(`update leads set status = 'failed', failure_reason = 'dialled_before_restore'`);
    await restore([said('call.dialing', id, at('10:30:00')), made(id, at('10:35:00'))]);
    expect(await states(id)).toEqual(['waiting: before_restore']);
    expect(await leadNow(id)).toMatchObject({ status: 'new', retry_after: at('18:00:00') });
  });

  test('rings nobody again for a promise that was rung or cancelled, whether it remembers it or not', async () => {
    const [forgotten, cancelled] = [
      await aLead({ createdAt: at('10:00:00') }),
      await aLead({ createdAt: at('10:00:00') }),
    ];
    await database.query(`update leads set status = 'failed', failure_reason = 'dialled_before_restore'`);
    const id = await promised({}, { phone: '+919812345677' });
    setClock(at('18:30:00'));
    await restore([
      made(forgotten, at('10:35:00')),
      made(cancelled, at('10:35:00')),
      said('lead.callback_closed', cancelled, at('12:00:00'), { state: 'cancelled' }),
      said('call.dialing', forgotten, at('18:00:02')),
      said('call.dialing', id, at('18:00:02')),
    ]);
    expect(await states(forgotten)).toEqual(['cancelled: before_restore']);
    expect(await states(cancelled)).toEqual(['cancelled: before_restore']);
    expect(await states(id)).toEqual(['cancelled: before_restore']);
    expect(await leadNow(forgotten)).toMatchObject({ status: 'failed' });
  });

  test('leaves a promise as it is that the streams tell too', async () => {
    const id = await promised();
    await restore([made(id, now())]);
    expect(await states(id)).toEqual(['waiting']);
  });
});

describe('two leads of one buyer', () => {
  test('are each rung at their time', async () => {
    const first = await promised();
    const second = await promised({ asked: { at: at('19:00:00') } });
    setClock(at('18:00:00'));
    const claim = await claimOne();
    expect(claim.leadId).toBe(first);
    await permitDial(claim, deps);
    await end(claim, { answers: { budget: '8 lakh' } });
    setClock(at('19:00:00'));
    await pauseAfterTalks(deps);
    expect((await claimOne()).leadId).toBe(second);
  });

  test('at the same time are kept by one talk', async () => {
    const first = await promised({ answers: { location: 'Pune' } });
    deps.policy.contactPauseMs = 0;
    const second = await promised({ answers: { location: 'Pune' } });
    deps.policy.contactPauseMs = 86_400_000;
    setClock(at('18:00:00'));
    const claim = await claimOne();
    expect(claim.leadId).toBe(first);
    expect(await claimDueLeads(deps, 4)).toEqual([]);
    await permitDial(claim, deps);
    await end(claim, { answers: { budget: '8 lakh' } });
    expect(await claimDueLeads(deps, 4)).toEqual([]);
    expect(await states(second)).toEqual(['kept: talked_in_other_call']);
    expect(await leadNow(second)).toMatchObject({ status: 'dispatched' });
  });
});

test('with both queues full they take turns: a promise before leads of its moment, and nobody starves', async () => {
  for (let n = 0; n < 6; n++) await aLead({ phone: `+91981234570${n}` });
  const claims = await claimDueLeads(deps, 6);
  for (const claim of claims) await end(claim, { asked: {} });
  setClock(at('17:30:00'));
  const waiting: number[] = [];
  for (let n = 0; n < 6; n++) waiting.push(await aLead({ phone: `+91981234580${n}`, createdAt: at(`18:00:0${n}`) }));
  setClock(at('18:01:00'));
  const kinds: string[] = [];
  // However few are taken at once, and whichever replica takes them.
  for (const most of [1, 1, 1, 2, 3, 1, 3]) {
    const taken = await claimDueLeads(deps, most);
    kinds.push(...taken.map(({ callbackId }) => (callbackId === null ? 'lead' : 'promise')));
    setClock(new Date(now().getTime() + 10));
  }
  expect(kinds.slice(0, 4)).toEqual(['promise', 'lead', 'promise', 'lead']);
  expect(kinds.filter((kind) => kind === 'promise')).toHaveLength(6);
  expect(kinds.filter((kind) => kind === 'lead')).toHaveLength(6);
  for (let n = 2; n <= kinds.length; n++) expect(new Set(kinds.slice(n - 2, n)).size).toBe(2);
});

test('a promise goes before a lead of the same moment, also after the last dial was a promise’s', async () => {
  const id = await promised();
  setClock(at('17:00:00'));
  await database.query(`update dials set callback_id = 1, claimed_at = $1`, [at('17:00:00')]);
  setClock(at('18:00:00'));
  await aLead({ phone: '+919812345799', createdAt: at('18:00:00') });
  expect((await claimDueLeads(deps, 2)).map(({ leadId }) => leadId)[0]).toBe(id);
});
