import { instant, rows } from '@leadline/database/sql';
import { z } from 'zod';
import type { Deps } from '../deps.ts';

export type LeadSearch = {
  /** A lead's id, a number's digits, or part of a name. */
  text?: string | undefined;
  source?: string | undefined;
  status?: string | undefined;
  /** Only older ones: the last id of the page before. */
  before?: number | undefined;
};

const hit = z
  .object({
    id: z.number(),
    name: z.string().nullable(),
    phone: z.string(),
    source: z.string().nullable(),
    status: z.string().nullable(),
    productName: z.string().nullable(),
    retryAfter: instant.nullable(),
    failureReason: z.string().nullable(),
    createdAt: instant,
  })
  .transform((lead) => ({
    ...lead,
    name: lead.name ?? '',
    source: lead.source ?? 'unknown',
    status: lead.status ?? 'unknown',
  }));
export type LeadHit = z.output<typeof hit>;

/** Names have no index, so we search only this many of the newest leads. */
const newestLookedThrough = 200_000;

const columns = `id, name, phone, source, status, product_name, retry_after, failure_reason,
  coalesce(created_at, updated_at, 'epoch')::timestamptz as created_at`;

/**
 * Matching leads, newest first. Digits find an id or, if the role permits it, a whole number by its last ten digits;
 * other text finds names.
 */
export function searchLeads(
  deps: Deps,
  search: LeadSearch,
  options: { byPhone: boolean; limit: number },
): Promise<LeadHit[]> {
  const text = search.text?.trim() ?? '';
  const digits = text.replaceAll(/[\s+()-]/g, '');
  const isNumber = /^\d+$/.test(digits);
  const id = isNumber && digits.length < 10 ? Number(digits) : null;
  const phone = options.byPhone && isNumber && digits.length >= 10 ? digits.slice(-10) : null;
  const name = text !== '' && !isNumber ? `%${text.replaceAll(/[%_\\]/g, '\\$&')}%` : null;
  // A number that this role may not search for must find nobody, not everybody.
  if (isNumber && id === null && phone === null) return Promise.resolve([]);
  const from =
    phone === null && name !== null
      ? `(select * from leads order by id desc limit ${newestLookedThrough}) as leads`
      : 'leads';
  return rows(
    deps.postgres.sql,
    hit,
    `select ${columns} from ${from}
      where ($1::int is null or id = $1) and ($2::text is null or last_ten(phone) = $2)
        and ($3::text is null or name ilike $3) and ($4::text is null or source = $4)
        and ($5::text is null or status = $5) and ($6::int is null or id < $6)
      order by id desc limit $7`,
    [id, phone, name, search.source ?? null, search.status ?? null, search.before ?? null, options.limit],
  );
}
