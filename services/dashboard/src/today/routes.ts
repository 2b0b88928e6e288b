import { Hono, type Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { z } from 'zod';
import type { Deps } from '../deps.ts';
import { carryOut, operatorOnly, readForm, reasonField, shownTo, type Env } from '../web/guard.ts';
import { isDay } from '../web/calendar.ts';
import { todayPage } from './page.ts';
import { askDialling, readToday, switchDialling } from './read.ts';

const form = z.object(reasonField);

export function todayRoutes(deps: Deps): Hono<Env> {
  const app = new Hono<Env>();
  app.get('/', async (c) => {
    const day = c.req.query('day');
    if (day !== undefined && !isDay(day))
      throw new HTTPException(422, { message: 'Write the day like this: 2026-10-31.' });
    const [today, dialling] = await Promise.all([readToday(deps, day), askDialling(deps)]);
    return c.html(todayPage(shownTo(c, deps), today, dialling));
  });
  app.get('/today.json', async (c) => c.json(await readToday(deps)));
  const turn = async (c: Context<Env>, to: 'stop' | 'start'): Promise<Response> => {
    const { reason } = await readForm(c, form);
    const who = c.get('session').user.name;
    return carryOut(c, deps, '/', async () => {
      const { state, onTheirWay } = await switchDialling(deps, to, { who, reason });
      if (state === 'running') return 'Dialling goes on.';
      if (state === 'stopped') return 'Dialling is stopped. No phone will start to ring.';
      return `Dialling is being stopped: ${onTheirWay} dials may still ring.`;
    });
  };
  app.post('/dialling/stop', operatorOnly, (c) => turn(c, 'stop'));
  app.post('/dialling/start', operatorOnly, (c) => turn(c, 'start'));
  return app;
}
