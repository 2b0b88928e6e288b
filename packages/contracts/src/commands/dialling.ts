import { z } from 'zod';
import { command, nothing, resultObject, wireTime, type ResultOf } from '../command.ts';
import { by } from './by.ts';

const state = resultObject({
  state: z.enum(['running', 'stopping', 'stopped']),
  /** Dials that may still make a phone ring. */
  onTheirWay: z.number(),
  stoppedAt: wireTime.nullable(),
  stoppedBy: z.string().nullable(),
  reason: z.string().nullable(),
  /** Until then nobody new is rung, because agents or the phone network fail: the breaker is open. Older dispatchers do not tell. */
  pausedUntil: wireTime.nullable().optional(),
  /** Why the last attempt was put back, such as `no_bridge`; null where the breaker is closed. */
  pausedBecause: z.string().nullable().optional(),
});
export type DiallingState = ResultOf<typeof diallingState>;

export const stopDialling = command({
  subject: 'ops.dispatcher.stop_dialling',
  summary: 'No phone starts to ring any more, in all dispatchers. Calls in progress go on',
  body: z.object(by),
  result: state,
});

export const startDialling = command({
  subject: 'ops.dispatcher.start_dialling',
  summary: 'Dialling goes on with the leads that wait',
  body: z.object(by),
  result: state,
});

export const diallingState = command({
  subject: 'ops.dispatcher.dialling_state',
  summary: 'Whether dialling runs; who stopped it, when and why',
  body: nothing,
  result: state,
});

export const callWindow = command({
  subject: 'ops.dispatcher.call_window',
  summary: 'Whether a phone may ring now, and when the window opens next',
  body: nothing,
  result: resultObject({ open: z.boolean(), opensAt: wireTime.nullable() }),
});
