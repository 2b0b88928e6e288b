import { z } from 'zod';
import { command, openEnum, resultObject, wireTime, type ResultOf } from '../command.ts';
import { by } from './by.ts';

const leadId = z.int().positive();
export const callbackStates = ['waiting', 'kept', 'moved', 'missed', 'cancelled'] as const;
const maxListed = 500;

/** A time at which a buyer asked to be called back, without the words. */
const callback = resultObject({
  id: z.number(),
  leadId: z.number(),
  /** The call in which it was asked for. */
  callId: z.number().nullable(),
  /** Null where the words named no one time. */
  at: wireTime.nullable(),
  /** When the phone is dialled for it: later than `at` where nobody may be rung then. */
  dueAt: wireTime.nullable(),
  precision: z.string(),
  confirmed: z.boolean(),
  askedBy: z.string(),
  keptBy: z.string(),
  state: openEnum(callbackStates),
  why: z.string().nullable(),
  rangAt: wireTime.nullable(),
});
export type CallbackView = z.output<typeof callback>;

export const listCallbacks = command({
  subject: 'ops.dispatcher.list_callbacks',
  summary: 'Times at which buyers asked to be called back: those that wait by their time, then the newest',
  body: z.object({
    leadId: leadId.optional(),
    state: z.enum(callbackStates).optional(),
    limit: z.int().min(1).max(maxListed).default(50),
  }),
  result: resultObject({ callbacks: z.array(callback) }),
});
export type CallbackList = ResultOf<typeof listCallbacks>;

export const moveCallback = command({
  subject: 'ops.dispatcher.move_callback',
  summary: 'Calls a buyer back at another time than was promised',
  body: z.object({ leadId, at: z.iso.datetime({ offset: true }), ...by }),
  result: callback,
});

export const cancelCallback = command({
  subject: 'ops.dispatcher.cancel_callback',
  summary: 'Does not call a buyer back; the lead ends, or is settled where it has answers',
  body: z.object({ leadId, ...by }),
  result: callback,
});
