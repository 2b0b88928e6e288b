import { indianOffsetMs } from '@leadline/contracts/indian-time';
import { setTimeout as wait } from 'node:timers/promises';
import type { Drill } from './drills.ts';
import type { Violation } from './invariants.ts';

const dayMs = 86_400_000;
const [opensMs, shutsMs] = [9 * 3_600_000, 21 * 3_600_000];
const marks = { evening: 'the evening comes', morning: 'the morning comes' };
const leadsPerSecond = 3;

/** The call window shuts while leads flow, and opens again: nobody is rung at night, and nobody is forgotten. */
export const nightDrill: Drill = {
  key: 'night',
  name: 'the call window shuts while leads flow, and opens again',
  world: { dispatcher: { CALL_WINDOW: 'daily 09:00-21:00' } },
  // The phone's clock is not the services' own here, so no times are compared.
  invariants: ['I1', 'I2', 'I3', 'I6', 'I7', 'I9', 'I11', 'I12', 'I13'],
  async run({ world, leads, feed, note, random, campaign }) {
    const beforeMs = (leads / leadsPerSecond / 2) * 1_000 + random.between(8_000, 10_000);
    // More than a night behind, so that what happens is never in the services' future.
    const now = Date.now();
    const shutting =
      Math.floor((now + indianOffsetMs - 13 * 3_600_000 - shutsMs) / dayMs) * dayMs + shutsMs - indianOffsetMs;
    const eveningMs = shutting - beforeMs - now;
    world.shiftClock(eveningMs);
    campaign.record.push({ at: Date.now(), until: Date.now(), what: marks.evening, details: [`${eveningMs}`] });
    const feeding = feed(leads, leadsPerSecond);
    await wait(beforeMs);
    note('the window shuts');
    await feeding;
    await untilNobodyTalks(world);
    const morningMs = eveningMs + dayMs - (shutsMs - opensMs) - (Date.now() + eveningMs - shutting) + 60_000;
    world.shiftClock(morningMs);
    campaign.record.push({ at: Date.now(), until: Date.now(), what: marks.morning, details: [`${morningMs}`] });
    note('the window opens');
  },

  async judge({ record }, { phone }) {
    const violations: Violation[] = [];
    const shifts = record.flatMap(({ at, what, details }) =>
      what === marks.evening || what === marks.morning ? [{ at, ms: Number(details[0]) }] : [],
    );
    const rung = { evening: 0, morning: 0 };
    for (const { event, at, room } of phone) {
      if (event !== 'invite') continue;
      const shift = shifts.findLast((known) => known.at <= at);
      const local = (at + (shift?.ms ?? 0) + indianOffsetMs) % dayMs;
      if (local < opensMs || local > shutsMs)
        violations.push({ what: `${room} rang at ${new Date(local).toISOString().slice(11, 19)} Indian time` });
      rung[shift === shifts[0] ? 'evening' : 'morning']++;
    }
    if (rung.evening === 0 || rung.morning === 0)
      violations.push({ what: `${rung.evening} rings in the evening and ${rung.morning} in the morning` });
    return { I4: violations };
  },
};

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
