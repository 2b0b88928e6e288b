import { leadStatuses } from '@leadline/contracts/statuses';
import type { Database } from '@leadline/database/open-database';
import { row } from '@leadline/database/sql';
import { z } from 'zod';

// A lead of the old program may have a status that we do not know.
const found = z.object({ id: z.number(), status: leadStatuses.catch('new') });

/** The status of a lead that this source sent, or that one of its enquiries joined; undefined for any other lead. */
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
