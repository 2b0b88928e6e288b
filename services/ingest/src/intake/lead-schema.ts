import { ofOurDays } from '@leadline/contracts/outside-time';
import { leadStatuses } from '@leadline/contracts/statuses';
import { fieldFault, type FieldFault } from '@leadline/contracts/field-fault';
import { z } from 'zod';

/** Postgres can't store a NUL, and a lone surrogate is no character. Refuse both before any SQL. */
const storable = z
  .string()
  .refine((text) => text.isWellFormed() && !text.includes('\0'), 'holds a character that can not be stored');

const text = (max: number) => storable.trim().max(max);

/** Absent, null and blank mean the same: not given. */
const optional = (max: number) =>
  text(max)
    .transform((value) => (value === '' ? null : value))
    .nullish();

const enquiredAt = z.iso
  .datetime({ offset: true, error: 'must be a time with its zone, like 2026-11-24T11:00:00+05:30' })
  .transform((value) => new Date(value))
  .refine((at) => ofOurDays(at) !== null, 'must be a time of our days');

/** A lead as a source delivers it. We refuse unknown fields: a misspelt one would be lost in silence. */
export const newLead = z
  .strictObject({
    name: text(200)
      .min(1, 'must not be empty')
      .meta({ examples: ['Ravi Kumar'] }),
    phone: text(200).meta({
      description: 'An Indian mobile number, written as people write it. Of several the first good one counts.',
      examples: ['+91 98765 43210'],
    }),
    sourceLeadId: optional(200).meta({
      description:
        "The source's own id of this enquiry. The same id and number is the same enquiry, however often it is delivered; another number under it is another lead.",
      examples: ['WEB-1042'],
    }),
    email: optional(320).meta({ examples: ['ravi@example.com'] }),
    productName: optional(500).meta({ examples: ['Fly ash brick machine'] }),
    city: optional(200).meta({ examples: ['Indore'] }),
    state: optional(200).meta({ examples: ['Madhya Pradesh'] }),
    message: optional(10_000).meta({ examples: ['Please call after lunch'] }),
    enquiredAt: enquiredAt.nullish().meta({
      description: 'When the person asked, if not just now.',
      format: 'date-time',
      examples: ['2026-11-24T11:00:00+05:30'],
    }),
  })
  .meta({ id: 'NewLead' });

export const fieldNames = Object.keys(newLead.shape);

export const acceptedLead = z
  .object({ id: z.int().meta({ examples: [42] }), status: leadStatuses })
  .meta({ id: 'AcceptedLead' });

export const fault = fieldFault.meta({ id: 'Fault' });
export type Fault = FieldFault;

/** RFC 9457. */
export const problem = z
  .object({
    type: z.string().meta({ examples: ['urn:leadline:problem:invalid-lead'] }),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    errors: z.array(fault).optional(),
    receipt: z
      .string()
      .optional()
      .meta({ description: 'Under this id the delivery was kept; tell it when you ask us' }),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof problem>;

export const maxRows = 1_000;

export const newLeads = z
  .object({ leads: z.array(newLead).max(maxRows) })
  .meta({ id: 'NewLeads', description: 'A bare array of leads is taken too.' });

const rowResult = z.union([
  z.object({ status: z.literal(202), row: z.int(), id: z.int() }).meta({ id: 'AcceptedRow' }),
  z
    .object({ ...problem.shape, row: z.int() })
    .meta({ id: 'RefusedRow', description: 'A problem of one row; its pointers are within the row' }),
]);

export const batchResult = z
  .object({ accepted: z.int(), rejected: z.int(), results: z.array(rowResult) })
  .meta({ id: 'BatchResult', description: 'One result a row, in the order of the rows.' });
export type BatchResult = z.infer<typeof batchResult>;
