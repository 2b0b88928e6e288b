import { lockRedriveAudit } from '@leadline/database/locks';
import { affected } from '@leadline/database/sql';
import { readDeadLetter, readNewestMark, readRedriveMarks, type RedriveMark } from '@leadline/messaging/redrive';
import type { Deps } from '../deps.ts';

type Touched = Pick<Deps, 'nats' | 'postgres'>;

/**
 * Adds redrives from the command line to the audit. Their marks are the only record, and stay in the stream as long as
 * dead letters do. The reading position is in memory only: after a start we read all marks again, and known ones change
 * nothing.
 */
export function redriveAuditor(deps: Touched): () => Promise<void> {
  let readTo = 0;
  return async () => {
    if (!deps.nats.isUp()) return;
    const newest = (await readNewestMark(deps.nats))?.place ?? 0;
    // Somebody recreated the stream.
    if (newest < readTo) readTo = 0;
    if (newest === readTo) return;
    for await (const mark of readRedriveMarks(deps.nats, readTo)) {
      if (mark.auditedBy === undefined) await auditRedrive(deps, mark);
      readTo = mark.place;
    }
  };
}

/** One entry for each redrive, however often and by how many replicas its mark is read. */
async function auditRedrive(deps: Touched, mark: RedriveMark): Promise<void> {
  const { seq, who, times, at, discardedBecause } = mark;
  const action = discardedBecause === undefined ? 'redrive' : 'discard';
  // Its person may be erased by now.
  const letter = await readDeadLetter(deps.nats, seq);
  const details = { seq, subject: letter?.subject, durable: letter?.durable, times };
  await deps.postgres.transaction(async (sql) => {
    await lockRedriveAudit(sql);
    await affected(
      sql,
      `insert into dashboard_audit (at, action, who, reason, details)
       select $1::timestamptz, $6::text, $2::text, $7::text, $3::jsonb
        where not exists (select 1 from dashboard_audit
          -- Numbers begin anew with a new stream: what was told before the letter was set aside is of another one.
          where at >= $4::timestamptz and action = $6::text and details @> $5::jsonb)`,
      [
        at,
        who,
        JSON.stringify(details),
        letter?.at ?? at,
        JSON.stringify({ seq, times }),
        action,
        discardedBecause ?? 'from the command line',
      ],
    );
  });
}
