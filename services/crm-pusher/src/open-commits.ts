import { isEverybodys } from '@leadline/database/decide-fault';
import { lockCalls } from '@leadline/database/locks';
import type { Database } from '@leadline/database/open-database';
import type { Sql } from '@leadline/database/sql';
import { shareCommits, type SharedCommits } from '@leadline/service-kit/share-commits';

/** Each step runs with its call locked, and takes no other lock. */
export function openCommits(postgres: Database): SharedCommits<Sql> {
  return shareCommits<Sql>({
    transaction: (work) => postgres.transaction(work),
    lockFirst: lockCalls,
    meetsAll: isEverybodys,
  });
}
