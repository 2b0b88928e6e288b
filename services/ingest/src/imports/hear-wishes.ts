import type { Database } from '@leadline/database/open-database';
import { affected, rows } from '@leadline/database/sql';
import { z } from 'zod';
import { importedType } from '../intake/imported-type.ts';

/** The numbers among $1 (last ten digits) with a lead that some file marked as not to be called. */
const wished = `
  select distinct last_ten(l.phone) as number from leads l
   where last_ten(l.phone) = any($1::text[])
     and (exists (select from lead_origins o where o.lead_id = l.id and o.dnd_flag and o.connection_id is null)
          or exists (select from lead_receipts r where r.lead_id = l.id and r.dnd_flag and r.content_type = '${importedType}'))`;

/** The phones among these that some file marked as not to be called. */
export async function findWished(postgres: Database, phones: readonly string[]): Promise<Set<string>> {
  if (phones.length === 0) return new Set();
  const listed = await rows(postgres.sql, z.object({ number: z.string() }), wished, [phones.map(toTen)]);
  const numbers = new Set(listed.map(({ number }) => number));
  return new Set(phones.filter((phone) => numbers.has(toTen(phone))));
}

/**
 * Marks every open lead of the numbers that must not be called, whether these rows said so, or an earlier row or batch.
 * So the order in which one person's rows come makes no difference.
 */
export async function hearWishes(
  postgres: Database,
  told: { phones: readonly string[]; wished: readonly string[] },
): Promise<void> {
  if (told.phones.length === 0) return;
  await affected(
    postgres.sql,
    `with wished as (${wished} union select unnest($2::text[]))
     insert into lead_origins (lead_id, dnd_flag, is_test)
     select l.id, true, false from leads l
      where last_ten(l.phone) = any($1::text[]) and last_ten(l.phone) in (select number from wished)
        and l.status in ('new', 'dispatched')
      order by l.id
         on conflict (lead_id) do update set dnd_flag = true where lead_origins.dnd_flag is distinct from true`,
    [told.phones.map(toTen), told.wished.map(toTen)],
  );
}

function toTen(phone: string): string {
  return phone.slice(-10);
}
