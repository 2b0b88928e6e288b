import { dispositions, type Disposition } from '@leadline/contracts/disposition';
import { testCallSource } from '@leadline/contracts/test-call';
import { instant, row, rows } from '@leadline/database/sql';
import { z } from 'zod';
import type { Deps } from '../deps.ts';

/** Who said no: such a call is qualified, and not hot. */
const cold: readonly Disposition[] = ['not_interested', 'wrong_number', 'bought_elsewhere', 'do_not_call'];

export type HotFilter = {
  source?: string | undefined;
  /** `hot`: all but who said no. `all`: every qualified call. */
  outcome: 'hot' | 'all' | Disposition;
  days: number;
  /** Only older ones: the last call of the page before. */
  before?: number | undefined;
};

const hotCall = z
  .object({
    callId: z.number(),
    leadId: z.number().nullable(),
    name: z.string().nullable(),
    phone: z.string(),
    source: z.string().nullable(),
    productName: z.string().nullable(),
    city: z.string().nullable(),
    startedAt: instant,
    disposition: dispositions.nullable().catch(null),
    language: z.string().nullable(),
    callbackAt: instant.nullable(),
    callbackWords: z.string().nullable(),
    taskId: z.string().nullable(),
    qualification: z.record(z.string(), z.unknown()).nullable(),
  })
  .transform(({ qualification, ...call }) => ({
    ...call,
    source: call.source?.trim() || 'unknown',
    answers: Object.entries(qualification ?? {}).map(([key, value]) => ({
      key,
      text: typeof value === 'string' ? value : JSON.stringify(value),
    })),
  }));
export type HotCall = z.output<typeof hotCall>;

/** Qualified calls but tests, newest first: read through an index that holds no others, and no older than so many days. */
export async function readHotCalls(
  deps: Pick<Deps, 'postgres'>,
  filter: HotFilter,
  now: Date,
  limit: number,
): Promise<HotCall[]> {
  const { sql } = deps.postgres;
  const since = new Date(now.getTime() - filter.days * 86_400_000);
  const { before, outcome } = filter;
  const only = outcome === 'hot' || outcome === 'all' ? null : outcome;
  // To the microsecond, as text: two calls of one millisecond are two.
  const last = await row(
    sql,
    z.object({ at: z.string() }),
    `select call_started_at::text as at from calls where id = $1`,
    [before ?? 0],
  );
  if (before !== undefined && last === undefined) return [];
  return rows(
    sql,
    hotCall,
    `select c.id as call_id, c.lead_id, c.name, c.phone, c.source, l.product_name, l.city, c.call_started_at as started_at,
            f.disposition, f.language, f.callback_at, f.callback_words, c.crm_task_id as task_id,
            case when jsonb_typeof(c.qualification) = 'object' then c.qualification end as qualification
       from calls c left join leads l on l.id = c.lead_id left join call_facts f on f.call_id = c.id
      where c.status in ('called', 'pushed') and c.call_started_at >= $1 and c.source is distinct from '${testCallSource}'
        and (c.call_started_at, c.id) < ($2::timestamptz, $3::int)
        and ($4::text is null or c.source = $4) and ($5::text is null or f.disposition = $5)
        and not ($6::boolean and (coalesce(f.disposition = any($7::text[]), false) or coalesce(c.do_not_call, false)))
      order by c.call_started_at desc, c.id desc limit $8`,
    [
      since,
      last?.at ?? 'infinity',
      before ?? 2_147_483_647,
      filter.source ?? null,
      only,
      outcome === 'hot',
      cold,
      limit,
    ],
  );
}
