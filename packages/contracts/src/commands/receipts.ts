import { z } from 'zod';
import { command, openEnum, resultObject, wireTime, type ResultOf } from '../command.ts';
import { fieldFault } from '../field-fault.ts';
import { by } from './by.ts';

const receipt = resultObject({
  id: z.string(),
  receivedAt: wireTime,
  source: z.string(),
  sourceLeadId: z.string().nullable(),
  verdict: openEnum(['accepted', 'rejected']),
  faults: z.array(fieldFault),
  /** The earlier receipt with this source id and another number. */
  sameIdAs: z.string().nullable().default(null),
  /** How many deliveries had this receipt's id and other numbers: if any, the id does not identify an enquiry. */
  otherNumbers: z.number().default(0),
  /** With a masked number. */
  lead: resultObject({ id: z.number(), status: z.string().nullable(), phone: z.string().nullable() }).nullable(),
});
export type Receipt = ResultOf<typeof receipts>[number];

export const receipts = command({
  subject: 'ops.ingest.receipts',
  summary: 'What was delivered, newest first. Numbers are masked; bodies and names stay in the database',
  body: z.object({
    source: z.string().optional(),
    leadId: z.int().optional(),
    verdict: z.enum(['accepted', 'rejected']).optional(),
    /** Only deliveries before this: pass the last row's `receivedAt` for the next page. */
    before: z.iso.datetime({ offset: true }).optional(),
    limit: z.int().min(1).max(500).default(50),
  }),
  result: z.array(receipt),
});

export const correctReceipt = command({
  subject: 'ops.ingest.correct_receipt',
  summary: 'A refused delivery becomes a lead with the number that a person puts in its place',
  body: z.object({ ...by, receiptId: z.uuid(), phone: z.string().min(1).max(200) }),
  result: resultObject({ leadId: z.int().nullable(), became: z.enum(['lead', 'joined', 'known']) }),
});

/** The end of a page of deliveries. */
const place = z.object({ place: z.string().regex(/^[\d :.+-]{10,40}$/), id: z.uuid() });

export const replay = command({
  subject: 'ops.ingest.replay',
  summary: 'Reads stored deliveries again as they would be read today, a page at a time; `apply` carries it out',
  body: z.object({
    who: by.who,
    since: z.iso.datetime({ offset: true }).transform((text) => new Date(text)),
    source: z.string().nullable().default(null),
    /** Without it nothing changes. */
    apply: z.boolean(),
    /** The end of the last page. */
    after: place.nullable().default(null),
    limit: z.int().min(1).max(500).default(200),
  }),
  result: resultObject({
    deliveries: z.int(),
    changes: z.array(
      resultObject({
        receiptId: z.string().nullable(),
        source: z.string(),
        leadId: z.int().nullable(),
        kind: z.enum(['new_lead', 'late', 'differs', 'other_number', 'refused_now']),
        /** Fields that today's rules read differently. */
        fields: z.array(z.string()),
        faults: z.array(fieldFault),
        applied: z.boolean(),
      }),
    ),
    /** Named leads that we could not fetch, and now ask for again. */
    askedAgain: z.int().default(0),
    next: resultObject({ place: z.string(), id: z.string() }).nullable(),
  }),
});
/** What one lead of a delivery became in a replay. */
export type ReplayChange = ResultOf<typeof replay>['changes'][number];
