import { z } from 'zod';
import { command, openEnum, resultObject, wireTime, type ResultOf } from '../command.ts';
import { by } from './by.ts';

const leadId = z.int().positive();

export const callAgain = command({
  subject: 'ops.dispatcher.call_again',
  summary: 'One more attempt for a lead that failed, or that waits because its number has just talked',
  body: z.object({ leadId, ...by }),
  result: resultObject({ leadId: z.number(), status: openEnum(['new']) }),
});

export const explain = command({
  subject: 'ops.dispatcher.explain',
  summary: 'What the dispatcher would decide of a lead now, and why',
  body: z.object({ leadId }),
  result: resultObject({
    kind: openEnum(['dial', 'wait', 'refuse', 'not_due']),
    reason: z.string().optional(),
    /** Null if nobody knows until when. */
    until: wireTime.nullish(),
  }),
});
export type Explanation = ResultOf<typeof explain>;

const attempt = resultObject({
  callId: z.number(),
  /** Null for calls of the old program. */
  attempt: z.number().nullable(),
  status: z.string(),
  failureReason: z.string().nullable(),
  sipStatus: z.number().nullable(),
  mode: z.string().nullable(),
  startedAt: wireTime,
  sentAt: wireTime.nullable(),
  revokedAt: wireTime.nullable(),
  putBackReason: z.string().nullable(),
  answeredAt: wireTime.nullable(),
  endedAt: wireTime.nullable(),
  durationSeconds: z.number().nullable(),
  doNotCall: z.boolean(),
  callbackAt: wireTime.nullable(),
  /** Who took the call, as the agent told, and how long after the answer it knew. */
  answeredBy: z.string().nullish(),
  answeredAfterMs: z.number().nullish(),
  messageLeft: z.boolean().optional(),
  disposition: z.string().nullish(),
  language: z.string().nullish(),
  /** The provider's own words on a dial that failed, without numbers. */
  networkPhrase: z.string().nullish(),
  /** Unreadable fields of the agent's reports, and the number of reports with them. */
  unreadFields: z.array(resultObject({ field: z.string(), times: z.number() })).default([]),
  /** The agent's last report is a dead letter that nobody has handled. */
  isReportUnheard: z.boolean().default(false),
  taskId: z.string().nullable(),
  /** Why the CRM refused it, if it did. */
  pushError: z.string().optional(),
  /** The keys of the answers. Their texts stay with the call. */
  answered: z.array(z.string()),
});

const keptEvent = resultObject({
  id: z.string(),
  /** Grows with each event that the dashboard stores. */
  no: z.number(),
  type: z.string(),
  at: wireTime,
  leadId: z.number().nullable(),
  callId: z.number().nullable(),
  source: z.string().nullable(),
  data: z.record(z.string(), z.unknown()),
});

export const leadStory = command({
  subject: 'ops.dashboard.lead',
  summary: 'One lead with its attempts and events, without name, number and answers; null where nobody knows it',
  body: z.object({ leadId }),
  result: resultObject({
    lead: resultObject({
      id: z.number(),
      source: z.string(),
      status: z.string(),
      retryAfter: wireTime.nullable(),
      retryCount: z.number(),
      failureReason: z.string().nullable(),
      createdAt: wireTime,
      wait: resultObject({ reason: z.string(), until: wireTime.nullable() }).nullable(),
    }),
    attempts: z.array(attempt),
    events: z.array(keptEvent),
  }).nullable(),
});
