import { dispositions } from '@leadline/contracts/disposition';
import { knownAnswerKeys } from '@leadline/contracts/qualification';
import { databaseNow } from '@leadline/database/locks';
import { rows } from '@leadline/database/sql';
import { Hono, type Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { z } from 'zod';
import type { Deps } from '../deps.ts';
import { servingGeneration } from '../read-model/builds.ts';
import { shownTo, type Env } from '../web/guard.ts';
import { phoneShown } from '../web/phone-shown.ts';
import { toCsv } from '../web/to-csv.ts';
import { callsAPage, dayChoices, hotPage } from './page.ts';
import { readHotCalls, type HotFilter } from './read.ts';

const maxCsvLines = 5_000;

const query = z.object({
  source: z
    .string()
    .trim()
    .max(200)
    .transform((text) => text || undefined)
    .optional(),
  outcome: z.enum(['hot', 'all', ...dispositions.options]).default('hot'),
  days: z.coerce
    .number()
    .pipe(z.literal([...dayChoices]))
    .default(7),
  before: z.coerce.number().int().positive().max(2_147_483_647).optional(),
});

export function hotRoutes(deps: Deps): Hono<Env> {
  const app = new Hono<Env>();
  app.get('/hot', async (c) => {
    const filter = readFilter(c);
    const now = deps.now(await databaseNow(deps.postgres.sql));
    const [calls, sources] = await Promise.all([readHotCalls(deps, filter, now, callsAPage), readSources(deps)]);
    return c.html(hotPage(shownTo(c, deps), { filter, calls, sources }));
  });
  app.get('/hot.csv', async (c) => {
    const shown = shownTo(c, deps);
    const now = deps.now(await databaseNow(deps.postgres.sql));
    const calls = await readHotCalls(deps, readFilter(c), now, maxCsvLines);
    const lines = calls.map((call) => [
      call.startedAt.toISOString(),
      call.leadId ?? '',
      call.name ?? '',
      phoneShown(shown, call.phone),
      call.source,
      call.productName ?? '',
      call.city ?? '',
      call.disposition ?? '',
      call.language ?? '',
      call.callbackAt?.toISOString() ?? call.callbackWords ?? '',
      call.taskId ?? '',
      ...knownAnswerKeys.map((known) => call.answers.find(({ key }) => key === known)?.text ?? ''),
      call.answers
        .filter(({ key }) => !knownAnswerKeys.includes(key))
        .map(({ key, text }) => `${key}: ${text}`)
        .join('; '),
    ]);
    return c.body(toCsv(csvHead, lines), 200, {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="hot-now.csv"',
    });
  });
  return app;
}

const csvHead = [
  'called_at',
  'lead',
  'name',
  'phone',
  'source',
  'product',
  'city',
  'outcome',
  'language',
  'call_back',
  'crm_task',
  // One for each answer that some mode asks for.
  ...knownAnswerKeys,
  'other_answers',
];

function readFilter(c: Context): HotFilter {
  const asked = query.safeParse(c.req.query());
  if (!asked.success) throw new HTTPException(422, { message: 'The address is not one of ours.' });
  return asked.data;
}

/** Of the last days that have any, from the daily sums. */
async function readSources(deps: Deps): Promise<string[]> {
  const { sql } = deps.postgres;
  const generation = await servingGeneration(sql);
  const found = await rows(
    sql,
    z.object({ source: z.string() }),
    `select distinct source from minutes_daily where generation = $1 and day > current_date - 32 order by source limit 100`,
    [generation],
  );
  return found.map(({ source }) => source);
}
