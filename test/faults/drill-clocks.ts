import { until } from '@leadline/testing/until';
import { setTimeout as wait } from 'node:timers/promises';
import { missesClocks } from './clock.ts';
import type { Drill } from './drills.ts';
import type { ServiceName, World } from './world.ts';

/** One of each service, of two where there are two. */
const stepped: readonly ServiceName[] = ['ingest-joining', 'dispatcher-2', 'call-tracker', 'crm-pusher', 'dashboard'];

const minuteMs = 60_000;
const servicesMs = 12_000;
const postgresMs = 8_000;

/** Somebody sets a machine's clock: of one replica of each service, and of Postgres, both ways, while calls are under way. */
export const clocksDrill: Drill = {
  key: 'clocks',
  name: 'clocks of services and of Postgres are stepped by minutes, both ways',
  world: { clocks: true },
  misses: missesClocks,
  // The database's time is not the phone's here, so that neither minutes nor the pace can be compared with it.
  invariants: ['I1', 'I2', 'I3', 'I5', 'I6', 'I7', 'I9', 'I11', 'I12', 'I13'],
  async run({ world, leads, feed, note, random }) {
    const feeding = feed(leads, 3);
    const step = (name: string, ms: number): void => {
      const clock = world.clocks.get(name);
      if (clock === undefined) throw new Error(`${name} has no clock of its own`);
      clock.step(ms);
    };
    await wait((leads / 3 / 6) * 1_000);
    for (const way of random.shuffle([-1, 1])) {
      const ms = way * Math.round(random.between(2, 5) * minuteMs);
      for (const name of stepped) step(name, ms);
      note(`one of each service is ${way < 0 ? 'behind' : 'ahead'} by minutes`);
      await wait(servicesMs);
      for (const name of stepped) step(name, 0);
      note('its clock is right again');
      await wait(servicesMs / 4);
    }
    let caughtUpAt = 0;
    for (const way of random.shuffle([-1, 1])) {
      const ms = way * Math.round(random.between(1, 2) * minuteMs);
      step('postgres', ms);
      note(`Postgres is ${way < 0 ? 'behind' : 'ahead'} by minutes`);
      await untilStepped(world, ms);
      await wait(postgresMs);
      caughtUpAt = Math.max(caughtUpAt, performance.now() + ms);
      step('postgres', 0);
      note('the clock of Postgres is right again');
      await wait(postgresMs / 2);
    }
    await feeding;
    // What became due by the clock that was ahead is due only when the right one comes there.
    await wait(Math.max(0, caughtUpAt - performance.now()));
  },
};

/** Else nothing was tried. */
async function untilStepped(world: World, ms: number): Promise<void> {
  await until('the clock of Postgres is stepped', async () => {
    const [database] = await world.query<{ now: Date }>(`select clock_timestamp() as now`);
    return database !== undefined && Math.abs(database.now.getTime() - Date.now() - ms) < 5_000;
  });
}
