import { isEverybodys } from '@leadline/database/decide-fault';
import type { Database } from '@leadline/database/open-database';
import { affected, type Sql } from '@leadline/database/sql';
import { shareCommits, type SharedCommits } from '@leadline/service-kit/share-commits';

/** A step takes no lock but those of its call's lead and of the rows that it writes. */
export function openCommits(postgres: Database): SharedCommits<Sql> {
  return shareCommits<Sql>({
    transaction: (work) => postgres.transaction(work),
    lockFirst: lockLeads,
    meetsAll: isEverybodys,
  });
}

/** The rows of several leads in one order, so that two groups can't deadlock. */
async function lockLeads(sql: Sql, callIds: readonly number[]): Promise<void> {
  if (callIds.length < 2) return;
  await affected(
    sql,
    `select from leads where id = any (array(select lead_id from calls where id = any($1::int[]))) order by id for update`,
    [callIds],
  );
}
