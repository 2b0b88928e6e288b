import { callbackAskers, callbackPrecisions } from '@leadline/contracts/events/agent-callback-requested';
import { indianOffset, toIndianIso } from '@leadline/contracts/indian-time';
import type { JobMetadata } from '@leadline/contracts/job-metadata';
import { toLearnt } from '@leadline/contracts/to-learnt';
import { instant, row, type Sql } from '@leadline/database/sql';
import { z } from 'zod';

const promised = z.object({
  words: z.string().nullable(),
  at: instant,
  precision: callbackPrecisions.catch('exact'),
  confirmed: z.boolean(),
  askedBy: callbackAskers.catch('buyer'),
  answers: z.array(z.record(z.string(), z.unknown())),
});

/** What the agent of a callback learns: the promise, and the answers of the lead's earlier calls, the newest of each. */
export async function readPromised(sql: Sql, callbackId: number): Promise<JobMetadata['callback']> {
  const found = await row(
    sql,
    promised,
    `select b.words, b.at, b.precision, b.confirmed, b.asked_by,
            (select coalesce(jsonb_agg(c.qualification order by c.id), '[]') from calls c
              where c.lead_id = b.lead_id and jsonb_typeof(c.qualification) = 'object') as answers
       from callbacks b where b.id = $1 and b.at is not null`,
    [callbackId],
  );
  if (found === undefined) return undefined;
  const { answers, at, words, ...told } = found;
  return { ...told, words, at: toOffsetIso(at), learnt: toLearnt(answers) };
}

/** An instant as an Indian clock shows it, with its offset. */
export function toOffsetIso(at: Date): string {
  return `${toIndianIso(at)}${indianOffset}`;
}
