import { z } from 'zod';
import { command, nothing, openEnum, resultObject, wireTime, type ResultOf } from '../command.ts';
import { by } from './by.ts';

const build = resultObject({
  generation: z.number(),
  state: openEnum(['building', 'serving']),
  pulseSeconds: z.number(),
  startedAt: wireTime,
  callsReadTo: z.number(),
  leadsReadTo: z.number(),
}).nullable();

export const buildState = command({
  subject: 'ops.dashboard.build_state',
  summary: 'The build of the read model that pages read, and the one that grows beside it',
  body: nothing,
  result: resultObject({ serving: build, building: build }),
});
export type BuildState = ResultOf<typeof buildState>;

export const rebuild = command({
  subject: 'ops.dashboard.rebuild',
  summary: 'Counts all leads and calls anew, in a build beside the serving one',
  body: z.object(by),
  result: resultObject({ generation: z.number() }),
});
