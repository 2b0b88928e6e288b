import { leadStatuses } from '@leadline/contracts/statuses';
import type { Database } from '@leadline/database/open-database';
import { row } from '@leadline/database/sql';
import { z } from 'zod';

// An old program's lead may have a status that is none of ours.
const found = z.object({ id: z.number(), status: leadStatuses.catch('new') });

/** How far a lead is that came from this source or that an enquiry of it joined; undefined for any other. */
export async function readLeadStatus(
  postgres: Database,
  id: string,
  source: string,
): Promise<z.output<typeof found> | undefined> {
  if (!/^[1-9]\d{0,8}$/.test(id)) return undefined;
  return row(
    postgres.sql,
    found,
    `select id, status from leads l where id = $1 and (source = $2 or exists (
       select from lead_enquiries e where e.lead_id = l.id and e.source = $2))`,
    [Number(id), source],
  );
}
