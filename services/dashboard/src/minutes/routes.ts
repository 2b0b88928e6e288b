import { isMonth, toIndianDay } from '@leadline/contracts/indian-time';
import { databaseNow } from '@leadline/database/locks';
import { Hono, type Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { Deps } from '../deps.ts';
import { shownTo, type Env } from '../web/guard.ts';
import { minutesPage } from './page.ts';
import { readMonth, readMonths, type MinutesFilter } from './read.ts';
import { toMinutesCsv } from './to-csv.ts';

export function minutesRoutes(deps: Deps): Hono<Env> {
  const app = new Hono<Env>();
  app.get('/minutes', async (c) => {
    const month = await readMonthAsked(c, deps);
    const filter = readFilter(c);
    const isFiltered = filter.source !== undefined || filter.mode !== undefined;
    const [report, all, months] = await Promise.all([
      readMonth(deps, month, filter),
      isFiltered ? readMonth(deps, month) : undefined,
      readMonths(deps.postgres.sql),
    ]);
    const whole = all ?? report;
    const choices = { sources: whole.bySource.map(({ key }) => key), modes: whole.byMode.map(({ key }) => key) };
    const { rates, pulseSeconds } = deps;
    return c.html(minutesPage(shownTo(c, deps), { report, months, filter, choices, rates, pulseSeconds }));
  });
  app.get('/minutes.json', async (c) => c.json(await readMonth(deps, await readMonthAsked(c, deps), readFilter(c))));
  app.get('/minutes.csv', async (c) => {
    const month = await readMonthAsked(c, deps);
    const { byDay } = await readMonth(deps, month, readFilter(c));
    return c.body(toMinutesCsv(byDay.map(({ key, figures }) => ({ day: key, figures }))), 200, {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename="minutes-${month}.csv"`,
    });
  });
  return app;
}

/** The month that a request asks for, else the present one. @throws HTTPException 422 */
export async function readMonthAsked(c: Context, deps: Deps): Promise<string> {
  const asked = c.req.query('month');
  if (asked === undefined || asked === '')
    return toIndianDay(deps.now(await databaseNow(deps.postgres.sql))).slice(0, 7);
  if (!isMonth(asked)) throw new HTTPException(422, { message: 'A month looks like 2026-10.' });
  return asked;
}

function readFilter(c: Context): MinutesFilter {
  const chosen = (name: string): string | undefined => c.req.query(name) || undefined;
  return { source: chosen('source'), mode: chosen('mode') };
}
