import { indianOffsetMs } from '@leadline/contracts/indian-time';
import { setTimeout as wait } from 'node:timers/promises';
import type { Drill, Drilling } from './drills.ts';
import type { Violation } from './invariants.ts';
import { until } from '@leadline/testing/until';
import { leadIdOf, type Ledgers } from './ledgers.ts';
import { feedPromise, promiseOf } from './feed-promises.ts';

const dayMs = 86_400_000;
const [opensMs, shutsMs] = [9 * 3_600_000, 21 * 3_600_000];
const marks = { evening: 'the evening comes', morning: 'the morning comes' };
/** Asked for in the evening, by Indian clocks: a time before the window shuts, and one after it. */
const promised = {
  before: { number: '+919700000042', at: shutsMs - 120_000 },
  after: { number: '+919710000042', at: shutsMs + 120_000 },
};
/** So long before the earlier of them their agents come. */
const talkBeforeMs = 25_000;
/** A promise is rung within five minutes of its time, or of the opening that follows it. */
const promiseWithinMs = 300_000;
const leadsPerSecond = 3;

/** The call window shuts while leads flow, and opens again: nobody is rung at night, and nobody is forgotten. */
export const nightDrill: Drill = {
  key: 'night',
  name: 'the call window shuts while leads flow and buyers wait for promised calls, and opens again',
  world: { dispatcher: { CALL_WINDOW: 'daily 09:00-21:00' } },
  // The phone's clock is not the services' own here, so no times are compared.
  invariants: ['I1', 'I2', 'I3', 'I6', 'I7', 'I9', 'I11', 'I12', 'I13'],
  async run(drilling) {
    const { world, leads, feed, note, random, campaign } = drilling;
    const beforeMs = (leads / leadsPerSecond / 2) * 1_000 + random.between(8_000, 10_000);
    // More than a night behind, so that what happens is never in the services' future.
    const now = Date.now();
    const shutting =
      Math.floor((now + indianOffsetMs - 13 * 3_600_000 - shutsMs) / dayMs) * dayMs + shutsMs - indianOffsetMs;
    const shiftTo = (what: string, ms: number): void => {
      world.shiftClock(ms);
      campaign.record.push({ at: Date.now(), until: Date.now(), what, details: [`${ms}`] });
    };
    await promiseCalls(drilling, shutting, (ms) => shiftTo(marks.evening, ms));
    const eveningMs = shutting - beforeMs - Date.now();
    shiftTo(marks.evening, eveningMs);
    const feeding = feed(leads, leadsPerSecond);
    await wait(beforeMs);
    note('the window shuts');
    await feeding;
    await untilNobodyTalks(world);
    const morningMs = eveningMs + dayMs - (shutsMs - opensMs) - (Date.now() + eveningMs - shutting) + 60_000;
    shiftTo(marks.morning, morningMs);
    note('the window opens');
  },

  async judge({ record }, ledgers) {
    const { phone } = ledgers;
    const violations: Violation[] = [];
    const shifts = record.flatMap(({ at, what, details }) =>
      what === marks.evening || what === marks.morning ? [{ at, ms: Number(details[0]) }] : [],
    );
    const wallAt = (at: number): number => at + (shifts.findLast((known) => known.at <= at)?.ms ?? 0);
    const rung = { evening: 0, morning: 0 };
    for (const { event, at, room } of phone) {
      if (event !== 'invite') continue;
      const local = (wallAt(at) + indianOffsetMs) % dayMs;
      if (local < opensMs || local > shutsMs)
        violations.push({ what: `${room} rang at ${new Date(local).toISOString().slice(11, 19)} Indian time` });
      rung[local > opensMs + (shutsMs - opensMs) / 2 ? 'evening' : 'morning']++;
    }
    if (rung.evening === 0 || rung.morning === 0)
      violations.push({ what: `${rung.evening} rings in the evening and ${rung.morning} in the morning` });
    return { I4: violations, I16: judgePromises(ledgers, wallAt) };
  },
};

/** Two buyers talk a little before 20:58, and each names a time; the earlier one is rung before the window shuts. */
async function promiseCalls(
  { campaign, world, note }: Drilling,
  shutting: number,
  shiftTo: (ms: number) => void,
): Promise<void> {
  const talkAt = shutting - shutsMs + promised.before.at - talkBeforeMs;
  shiftTo(talkAt - Date.now());
  for (const { number, at } of Object.values(promised))
    await feedPromise(campaign, { number, inMs: at - promised.before.at + talkBeforeMs });
  note('two buyers are promised calls, at about 20:58 and 21:02');
  await until('both are promised a call, and one is rung', async () => {
    const [row] = await world.query<{ made: number; rung: number }>(
      `select count(*)::int as made, (count(*) filter (where state = 'kept'))::int as rung from callbacks`,
    );
    return row?.made === 2 && row.rung === 1;
  });
}

/** Each is rung once, at the time or at the opening that follows it, and is told of the time to which it was moved. */
function judgePromises(ledgers: Ledgers, wallAt: (at: number) => number): Violation[] {
  const violations: Violation[] = [];
  for (const [which, { number }] of Object.entries(promised)) {
    const { invites, rows, leadIds } = promiseOf(ledgers, number);
    const [row] = rows;
    const [, ring] = invites;
    const name = `the promise ${which} the window shuts`;
    if (rows.length !== 1 || row?.at == null || row.state !== 'kept') {
      violations.push({ what: `${name} is ${rows.map(({ state, why }) => `${state} ${why ?? ''}`).join(', ')}` });
      continue;
    }
    if (invites.length !== 2 || ring === undefined) {
      violations.push({ what: `${name} was rung ${invites.length - 1} times` });
      continue;
    }
    const local = (row.at.getTime() + indianOffsetMs) % dayMs;
    if (local < opensMs || local > shutsMs === (which === 'before'))
      violations.push({ what: `${name} is for ${new Date(local).toISOString().slice(11, 19)}` });
    const dueAt = which === 'before' ? row.at.getTime() : row.at.getTime() - local + dayMs + opensMs;
    const late = wallAt(ring.at) - dueAt;
    if (late < 0 || late > promiseWithinMs) violations.push({ what: `${name} rang ${late} ms after its time` });
    const moved = ledgers.stored.filter(
      ({ subject, text }) => subject === 'lead.callback_moved' && leadIds.includes(leadIdOf(text)),
    );
    if (moved.length !== (which === 'before' ? 0 : 1))
      violations.push({ what: `${name} was told as moved ${moved.length} times` });
  }
  return violations;
}

async function untilNobodyTalks(world: { query<Row>(text: string): Promise<Row[]> }): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const [open] = await world.query<{ n: number }>(
      `select ((select count(*) from calls where status = 'calling') + (select count(*) from dials where decided_at is null))::int as n`,
    );
    if (open?.n === 0) return;
    if (performance.now() > deadline) throw new Error('calls do not end in the night');
    await wait(500);
  }
}
