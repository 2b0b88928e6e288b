import { z } from 'zod';
import { command, resultObject, wireTime, type ResultOf } from '../command.ts';
import { by } from './by.ts';
import { phone } from './phone.ts';

const state = resultObject({
  onTheList: z.boolean(),
  reason: z.string().nullable(),
  /** Null if the person asked for it in a call. */
  since: wireTime.nullable(),
});
export type DoNotCallState = ResultOf<typeof findDoNotCall>;

export const addDoNotCall = command({
  subject: 'ops.dispatcher.add_do_not_call',
  summary: 'Puts a number on the list: no dial is permitted to it any more',
  body: z.object({ phone, ...by }),
  result: state,
});

export const removeDoNotCall = command({
  subject: 'ops.dispatcher.remove_do_not_call',
  summary: 'Takes a number off the list, and with it what the person said in earlier calls',
  body: z.object({ phone, ...by }),
  result: state,
});

export const findDoNotCall = command({
  subject: 'ops.dispatcher.find_do_not_call',
  summary: 'Whether a number is on the list, since when and why',
  body: z.object({ phone }),
  result: state,
});
