import { minutes } from '@leadline/contracts/commands/minutes';
import { buildState, rebuild } from '@leadline/contracts/commands/read-model';
import { ask } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import type { TestDatabase } from '@leadline/testing/database';
import { until } from '@leadline/testing/until';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openRandom } from '../../../test/faults/random.ts';
import { startStand, untilKept, type Stand, type Visitor } from './start-dashboard.ts';

/** As the old program writes them: no attempt, no lead in one of two, numbers without +91. */
const old = (db: TestDatabase, columns: Record<string, unknown>): Promise<unknown> => {
  const all = { phone: '9876543210', ...columns };
  const names = Object.keys(all);
  return db.query(
    `insert into calls (${names.join(', ')}) values (${names.map((_name, place) => `$${place + 1}`).join(', ')})`,
    Object.values(all),
  );
};

describe('a table of calls written by SQL alone', () => {
  let stand: Stand;
  let ops: Nats;
  let person: Visitor;
  const minutesOf = (month: string) => ask(ops, minutes, { month });

  beforeAll(async () => {
    stand = await startStand({
      async before(db) {
        const october = { source: 'indiamart', status: 'called' };
        // The last millisecond of October in India, and the first of November.
        await old(db, { ...october, call_started_at: '2026-10-31T18:29:59.999Z', duration_seconds: 61 });
        await old(db, { ...october, call_started_at: '2026-10-31T18:30:00.000Z', duration_seconds: 100 });
        // September in UTC, October in India.
        await old(db, { ...october, status: 'pushed', call_started_at: '2026-09-30T18:30:00Z', duration_seconds: 119 });
        await old(db, { ...october, status: 'pushed', call_started_at: '2026-09-30T18:29:59Z', duration_seconds: 999 });
        // Without a duration: the end minus the start, to the millisecond.
        await old(db, {
          source: 'website',
          status: 'failed',
          failure_reason: 'unanswered',
          call_started_at: '2026-10-10T06:00:00Z',
          call_ended_at: '2026-10-10T06:00:12.500Z',
        });
        // A recorded duration wins, also one of nothing.
        await old(db, {
          source: 'website',
          status: 'failed',
          failure_reason: 'rejected',
          duration_seconds: 0,
          call_started_at: '2026-10-10T06:01:00Z',
          call_ended_at: '2026-10-10T06:02:00Z',
        });
        // Neither: a success counts the estimate, a failure nothing.
        await old(db, { ...october, call_started_at: '2026-10-11T06:00:00Z' });
        await old(db, { status: 'failed', call_started_at: '2026-10-11T06:10:00Z' });
        // In progress, and a state that nobody knows: no minutes, no calls.
        await old(db, { status: 'calling', call_started_at: '2026-10-11T06:20:00Z', duration_seconds: 60 });
        await old(db, { status: 'paused', call_started_at: '2026-10-11T06:20:00Z', duration_seconds: 60 });
        // Talk of exactly two pulses, and of a millisecond more.
        const ours = { source: 'website', status: 'called', attempt: 1, agent_mode: 'sarvam', duration_seconds: 130 };
        await old(db, {
          ...ours,
          call_started_at: '2026-10-12T05:00:00Z',
          answered_at: '2026-10-12T05:00:10Z',
          call_ended_at: '2026-10-12T05:02:10Z',
        });
        await old(db, {
          ...ours,
          call_started_at: '2026-10-12T06:00:00Z',
          answered_at: '2026-10-12T06:00:10Z',
          call_ended_at: '2026-10-12T06:02:10.001Z',
        });
      },
    });
    ops = await stand.nats.connect('ops');
    person = await stand.as('viewer');
    await untilKept(stand.db);
  });
  afterAll(() => stand.stop());

  test('is counted as by hand: Indian months, durations, estimates, pulses', async () => {
    const october = await minutesOf('2026-10');
    // 61 + 119 + 12.5 + 0 + 130 + 130 seconds and one estimate of three minutes.
    expect(october.minutes).toBeCloseTo(452.5 / 60 + 3, 9);
    expect(october).toMatchObject({ month: '2026-10', calls: 8, estimatedMinutes: 3, qualified: 5 });
    expect(october.talkMinutes).toBeCloseTo(240.001 / 60, 9);
    expect(october.pulses).toBe(2 + 3);
    expect(october.rupees).toBeCloseTo(5 * 0.9, 9);
    expect(Object.keys(october.byDay)).toEqual(['2026-10-01', '2026-10-10', '2026-10-11', '2026-10-12', '2026-10-31']);
    expect(october.byDay['2026-10-31']).toMatchObject({ calls: 1, minutes: 61 / 60 });
    expect(october.bySource).toMatchObject({
      indiamart: { calls: 3, estimatedMinutes: 3 },
      website: { calls: 4 },
      unknown: { calls: 1, minutes: 0 },
    });
    expect(october.byMode).toMatchObject({ sarvam: { calls: 2 }, unknown: { calls: 6 } });
    expect(await minutesOf('2026-11')).toMatchObject({ calls: 1, minutes: 100 / 60 });
    expect(await minutesOf('2026-09')).toMatchObject({ calls: 1, minutes: 999 / 60 });
    expect(await minutesOf('2026-08')).toMatchObject({ calls: 0, minutes: 0, byDay: {} });
  });

  test('stands on the page with its chart, and in the CSV to the last digit', async () => {
    const { text } = await person.get('/minutes?month=2026-10');
    expect(text).toContain('October 2026');
    expect(text).toMatch(/<tfoot>[^]*10\.5[^]*3\.0[^]*4\.0[^]*₹4\.50/);
    expect(text).toMatch(/<svg[^>]*role="img"[^>]*>/);
    expect(text).not.toContain('style=');
    const csv = await person.get('/minutes.csv?month=2026-10');
    expect(csv.headers.get('content-disposition')).toBe('attachment; filename="minutes-2026-10.csv"');
    expect(csv.text.split('\r\n')[5]).toBe(`2026-10-31,1,1,1,0,${61 / 60},0,0,0,0,0`);
    expect((await person.get('/minutes?month=2026-13')).status).toBe(422);
  });

  test('is counted anew when the old program writes on beside', async () => {
    await old(stand.db, { source: 'justdial', status: 'calling', call_started_at: '2026-08-05T05:00:00Z' });
    const of = `where source = 'justdial'`;
    await stand.db.query(`update calls set status = 'called', duration_seconds = 42 ${of}`);
    await untilKept(stand.db);
    expect(await minutesOf('2026-08')).toMatchObject({ calls: 1, minutes: 0.7, qualified: 1 });
    // Moved into another month, another source; and gone.
    await stand.db.query(`update calls set status = 'pushed', call_started_at = '2026-07-31T18:29:59Z' ${of}`);
    await untilKept(stand.db);
    expect(await minutesOf('2026-08')).toMatchObject({ calls: 0, minutes: 0 });
    expect(await minutesOf('2026-07')).toMatchObject({ calls: 1, minutes: 0.7 });
    await stand.db.query(`delete from calls ${of}`);
    await untilKept(stand.db);
    expect(await minutesOf('2026-07')).toMatchObject({ calls: 0, minutes: 0 });
  });

  test('a wrong month is refused in words', async () => {
    await expect(ask(ops, minutes, { month: '2026-1' })).rejects.toThrow(/month/);
  });
});

describe('whatever is written, the sums are those of a calculation of its own', () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await startStand();
  });
  afterAll(() => stand.stop());

  const separately = `
    select to_char((call_started_at at time zone 'Asia/Kolkata')::date, 'YYYY-MM-DD') as day, count(*)::int as calls,
           sum(case when duration_seconds is not null then duration_seconds
                    when call_ended_at is not null then extract(epoch from call_ended_at - call_started_at)
                    when status in ('called', 'pushed') then 180 else 0 end)::float8 / 60 as minutes,
           sum(case when answered_at is not null and call_ended_at > answered_at
                    then ceil(extract(epoch from call_ended_at - answered_at) / 60) else 0 end)::int as pulses
      from calls where status in ('called', 'pushed', 'failed') group by 1 order by 1`;

  async function compare(): Promise<number> {
    await untilKept(stand.db);
    const expected = await stand.db.query<{ day: string; calls: number; minutes: number; pulses: number }>(separately);
    const person = await stand.as('viewer');
    const months = new Set(expected.map(({ day }) => day.slice(0, 7)));
    const page = z.object({
      byDay: z.array(
        z.object({
          key: z.string(),
          figures: z.object({ calls: z.number(), minutes: z.number(), pulses: z.number() }),
        }),
      ),
    });
    const days = (
      await Promise.all(
        [...months].map(async (month) => {
          const { text } = await person.get(`/minutes.json?month=${month}`);
          return page.parse(JSON.parse(text)).byDay;
        }),
      )
    ).flat();
    expect(days.map(({ key, figures }) => [key, figures.calls, figures.pulses])).toEqual(
      expected.map(({ day, calls, pulses }) => [day, calls, pulses]),
    );
    for (const [place, { figures }] of days.entries())
      expect(figures.minutes).toBeCloseTo(expected[place]?.minutes ?? -1, 6);
    return expected.length;
  }

  const seeds = [1, 2, 3];
  test.for(seeds)('after 400 random inserts, updates and deletes, seed %i', async (seed) => {
    const random = openRandom(seed, 'calls');
    const whole = (low: number, high: number): number => Math.floor(random.between(low, high + 1));
    const pick = <T>(from: readonly T[]): T => random.pick(from);
    const columns = (): Record<string, unknown> => {
      const started = Date.UTC(2026, 9, 28, 18, 0) + whole(0, 7 * 86_400_000);
      const answered = started + whole(1, 30_000);
      return {
        source: pick(['indiamart', 'website', '', null]),
        agent_mode: pick(['sarvam', 'openai_realtime', null]),
        status: pick(['called', 'pushed', 'failed', 'calling', 'odd']),
        failure_reason: pick(['unanswered', 'rejected', null, 'made up']),
        call_started_at: new Date(started),
        answered_at: pick([new Date(answered), null]),
        call_ended_at: pick([new Date(answered + whole(0, 400_000)), null]),
        duration_seconds: pick([null, 0, whole(1, 600)]),
      };
    };
    for (let step = 0; step < 400; step++) {
      const id = whole(1, Math.max(1, step));
      const change = pick(['insert', 'insert', 'insert', 'update', 'update', 'delete'] as const);
      if (change === 'insert') await old(stand.db, columns());
      else if (change === 'delete') await stand.db.query('delete from calls where id = $1', [id]);
      else {
        const next = Object.entries(columns());
        const set = next.map(([name], place) => `${name} = $${place + 2}`).join(', ');
        await stand.db.query(`update calls set ${set} where id = $1`, [id, ...next.map(([, value]) => value)]);
      }
    }
    expect(await compare()).toBeGreaterThan(5);
  });

  test('a rebuild beside running changes ends with the same sums, and the old one serves meanwhile', async () => {
    await stand.db.query(
      `insert into calls (phone, source, status, call_started_at, duration_seconds)
       select '9876543210', 'bulk', 'called', timestamptz '2026-11-01 10:00+05:30' + n * interval '1 second', n % 300
         from generate_series(1, 7000) as n`,
    );
    await untilKept(stand.db);
    const ops = await stand.nats.connect('ops');
    const before = await ask(ops, buildState, {});
    const sums = await ask(ops, minutes, { month: '2026-11' });
    const begun = await ask(ops, rebuild, { who: 'omkar', reason: 'a test' });
    expect(begun.generation).toBe((before.serving?.generation ?? 0) + 1);
    // Asked again while it grows: the same one.
    const again = await ask(ops, rebuild, { who: 'omkar', reason: 'twice' });
    expect(again).toEqual(begun);
    // No sum is ever seen half built.
    await until('the new one is served', async () => {
      const [seen, now] = await Promise.all([ask(ops, minutes, { month: '2026-11' }), ask(ops, buildState, {})]);
      expect(seen.calls).toBeGreaterThanOrEqual(sums.calls);
      await stand.db.query(
        `insert into calls (phone, source, status, call_started_at, duration_seconds)
         values ('9876543210', 'meanwhile', 'failed', '2026-11-01 11:00+05:30', 7)`,
      );
      await stand.db.query(`update calls set duration_seconds = duration_seconds + 1 where id % 97 = 0`);
      return now.serving?.generation === begun.generation;
    });
    await compare();
    await until('nothing of the old one is left', async () => {
      const [left] = await stand.db.query<{ n: number }>(
        `select (select count(*) from call_minutes where generation < $1)::int +
                (select count(*) from minutes_daily where generation < $1)::int as n`,
        [begun.generation],
      );
      return left?.n === 0;
    });
  });
});
