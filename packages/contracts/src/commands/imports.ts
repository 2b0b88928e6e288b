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
    /** By default the file's own: `meta` for Meta's, else `csv`. */
    source: sourceName.optional(),
    /** The file's name for the person. */
    file: z.string().max(500),
    columns,
    aliases: fieldAliases.default({}),
    dryRun: z.boolean(),
  }),
  result: resultObject({
    /** The field of each column; null: kept, but not used. */
    columns: z.array(resultObject({ column: z.string(), field: z.string().nullable() })),
    source: z.string(),
    /** Why this file can't be imported. */
    faults: z.array(z.string()),
  }),
});
export type ImportHeader = ResultOf<typeof beginImport>;

export const importLeads = command({
  subject: 'ops.ingest.import_leads',
  summary: 'Rows of a file of leads: one answer a row, in their order. The same rows again add nothing',
  body: z.object({
    source: sourceName,
    /** Treats rows that were imported before as new, under this name. */
    again: z
      .string()
      .regex(/^[\w.-]{1,40}$/, 'must be 1 to 40 letters, digits, dots, dashes')
      .optional(),
    columns,
    /** The file's own names for our fields. */
    aliases: fieldAliases.default({}),
    /** The order of day and month in the file's numeric dates. */
    dates: z.enum(['day-first', 'month-first']).default('day-first'),
    /** Calls rows even if they are too old. */
    ringsOld: z.boolean().default(false),
    /** Stores nothing; the answers say what would happen. */
    dryRun: z.boolean(),
    rows: z.array(z.object({ row: z.int(), cells: z.array(z.string()).max(maxColumns) })).max(maxRows),
  }),
  result: z.array(
    resultObject({
      row: z.int(),
      /** `joined`: the number has an open lead, which got one more enquiry. */
      result: z.enum(['accepted', 'joined', 'duplicate', 'rejected']),
      leadId: z.int().nullable(),
      faults: z.array(fieldFault),
      /** Why we do not call the number of a row without a fault. */
      notes: z.array(fieldFault).default([]),
    }),
  ),
});
/** What one row of a file became. */
export type RowResult = ResultOf<typeof importLeads>[number];
