import { z } from 'zod';
import { command, openEnum, resultObject, wireTime, type ResultOf } from '../command.ts';
import { agentModes } from '../qualification.ts';
import { who } from './by.ts';
import { phone } from './phone.ts';

export const explainTestCall = command({
  subject: 'ops.dispatcher.explain_test_call',
  summary: 'Whether a test call to this number would be permitted now, and why not. Rings nobody, stores nothing',
  body: z.object({ phone, mode: agentModes.optional() }),
  result: resultObject({
    kind: openEnum(['dial', 'wait', 'refuse']),
    reason: z.string().optional(),
    /** Null if nobody knows until when. */
    until: wireTime.nullish(),
    /** How many numbers TEST_NUMBERS has. */
    testNumbers: z.int(),
    mode: z.string(),
    agentWaitSeconds: z.number(),
    ringSeconds: z.number(),
    maxCallSeconds: z.number(),
  }),
});
export type TestCallVerdict = ResultOf<typeof explainTestCall>;

export const makeTestLead = command({
  subject: 'ops.ingest.make_test_lead',
  summary:
    'Takes in a lead that is marked as a test: it is rung once, and gets no task. The same id again adds nothing',
  body: z.object({
    /** The asking side chooses it. */
    id: z.uuid(),
    phone,
    mode: agentModes.optional(),
    name: z.string().min(1).max(200),
    productName: z.string().min(1).max(500).optional(),
    who,
  }),
  result: resultObject({ leadId: z.int() }),
});

export const previewTask = command({
  subject: 'ops.crm-pusher.preview_task',
  summary: 'What a test call learnt, and the task that the CRM would have got; null where it learnt nothing',
  body: z.object({ leadId: z.int().nonnegative() }),
  result: resultObject({
    answers: z.record(z.string(), z.string()),
    task: resultObject({
      titleType: z.string(),
      title: z.string(),
      description: z.string(),
      priority: z.string(),
      dueDate: z.string().optional(),
    }),
  }).nullable(),
});
export type TaskPreview = NonNullable<ResultOf<typeof previewTask>>;
