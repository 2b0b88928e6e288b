import { dispositions } from '@leadline/contracts/disposition';
import { Hono, type Context } from 'hono';
import type { Deps } from '../deps.ts';
import { readMonths } from '../minutes/read.ts';
import { readMonthAsked } from '../minutes/routes.ts';
import { shownTo, type Env } from '../web/guard.ts';
import { toCsv } from '../web/to-csv.ts';
import { reachedPage } from './page.ts';
import { monthSpan, readReached, type Reached } from './read.ts';

export function reachedRoutes(deps: Deps): Hono<Env> {
  const app = new Hono<Env>();
  const sourceOf = (c: Context): string | undefined => c.req.query('source') || undefined;
  app.get('/reached', async (c) => {
    const month = await readMonthAsked(c, deps);
    const source = sourceOf(c);
    const span = monthSpan(month);
    const [report, all, months] = await Promise.all([
      readReached(deps, { ...span, source }),
      source === undefined ? undefined : readReached(deps, span),
      readMonths(deps.postgres.sql),
    ]);
    const sources = (all ?? report).bySource.map(({ key }) => key);
    return c.html(reachedPage(shownTo(c, deps), { report, month, months, source, sources }));
  });
  app.get('/reached.csv', async (c) => {
    const month = await readMonthAsked(c, deps);
    const { byDay } = await readReached(deps, { ...monthSpan(month), source: sourceOf(c) });
    return c.body(toReachedCsv(byDay.map(({ key, reached }) => ({ day: key, reached }))), 200, {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename="reached-${month}.csv"`,
    });
  });
  return app;
}

function toReachedCsv(days: readonly { day: string; reached: Reached }[]): string {
  return toCsv(
    ['day', 'calls', 'answered', 'people', 'machines', 'announcements', 'machine_minutes', ...dispositions.options],
    days.map(({ day, reached }) => [
      day,
      reached.calls,
      reached.answered,
      reached.people,
      reached.machines,
      reached.announcements,
      reached.machineMinutes,
      ...dispositions.options.map((one) => reached.dispositions.get(one) ?? 0),
    ]),
  );
}
