import { z } from 'zod';
import { command, resultObject, type ResultOf } from '../command.ts';
import { fieldFault } from '../field-fault.ts';
import { fieldAliases, sourceName } from '../lead-fields.ts';
import { who } from './by.ts';

const maxRows = 1_000;
const maxColumns = 200;
const columns = z.array(z.string().max(1_000)).min(1).max(maxColumns);

export const beginImport = command({
  subject: 'ops.ingest.begin_import',
  summary:
    'How a file of leads is read by its header, and where its leads come from. Written in the audit unless `dryRun`',
  body: z.object({
    who,
    /** Without it the file's own: Meta's, else csv. */
    source: sourceName.optional(),
    /** The file's name, as the person knows it. */
    file: z.string().max(500),
    columns,
    aliases: fieldAliases.default({}),
    dryRun: z.boolean(),
  }),
  result: resultObject({
    /** What each column is taken for; null: it is kept, and used for nothing. */
    columns: z.array(resultObject({ column: z.string(), field: z.string().nullable() })),
    source: z.string(),
    /** Why the file can not be imported as it is. */
    faults: z.array(z.string()),
  }),
});
export type ImportHeader = ResultOf<typeof beginImport>;

export const importLeads = command({
  subject: 'ops.ingest.import_leads',
  summary: 'Rows of a file of leads: one answer a row, in their order. The same rows again add nothing',
  body: z.object({
    source: sourceName,
    /** Rows that were imported before are new under another name. */
    again: z
      .string()
      .regex(/^[\w.-]{1,40}$/, 'must be 1 to 40 letters, digits, dots, dashes')
      .optional(),
    columns,
    /** The file's own names for our fields. */
    aliases: fieldAliases.default({}),
    /** The order of day and month in dates in numbers, in the whole file. */
    dates: z.enum(['day-first', 'month-first']).default('day-first'),
    /** Rows that are too old to be called are called all the same. */
    ringsOld: z.boolean().default(false),
    /** Nothing is stored; the answers are what they would be. */
    dryRun: z.boolean(),
    rows: z.array(z.object({ row: z.int(), cells: z.array(z.string()).max(maxColumns) })).max(maxRows),
  }),
  result: z.array(
    resultObject({
      row: z.int(),
      /** `joined`: the number's lead is open, and has one enquiry more. */
      result: z.enum(['accepted', 'joined', 'duplicate', 'rejected']),
      leadId: z.int().nullable(),
      faults: z.array(fieldFault),
      /** Why the number of a row that is no fault is not rung. */
      notes: z.array(fieldFault).default([]),
    }),
  ),
});
/** What became of a row of a file. */
export type RowResult = ResultOf<typeof importLeads>[number];
