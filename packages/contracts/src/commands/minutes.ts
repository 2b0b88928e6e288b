import { z } from 'zod';
import { command, resultObject, type ResultOf } from '../command.ts';
import { isMonth } from '../indian-time.ts';

const figures = {
  minutes: z.number(),
  /** The part of these minutes that is estimated: old successes whose length nobody wrote down. */
  estimatedMinutes: z.number(),
  talkMinutes: z.number(),
  calls: z.number(),
};
const groups = z.record(z.string(), resultObject(figures));
export type MinutesGroups = ResultOf<typeof minutes>['bySource'];

export const minutes = command({
  subject: 'ops.dashboard.minutes',
  summary: 'The minutes of an Indian calendar month, by source, mode and day',
  body: z.object({ month: z.string().refine(isMonth, 'must look like 2026-10') }),
  result: resultObject({
    month: z.string(),
    ...figures,
    pulses: z.number(),
    rupees: z.number(),
    qualified: z.number(),
    bySource: groups,
    byMode: groups,
    byDay: groups,
  }),
});
