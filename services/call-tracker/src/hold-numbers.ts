import { databaseNow } from '@leadline/database/locks';
import { affected, rows } from '@leadline/database/sql';
import type { Nats } from '@leadline/messaging/connect';
import { letterHeaders } from '@leadline/messaging/dead-letters';
import { readDeadLetter, readLetterText } from '@leadline/messaging/redrive';
import { isPushedOut } from '@leadline/messaging/make-room';
import { fetchMessage } from '@leadline/messaging/stored-message';
import type { StoredMsg } from 'nats';
import { z } from 'zod';
import type { Deps } from './deps.ts';

type Touched = Pick<Deps, 'postgres' | 'now' | 'log'>;

/** Where the last words that could not be handled are set aside. */
const letters = 'dlq.AGENT.call-tracker-agent';

/** No phone rings for the number of this room's call, until its report is handled or a person has looked at it. */
export async function holdNumber(room: string, deps: Touched): Promise<void> {
  await hold({ room, seq: null }, deps);
}

/** A report of this room was handled after all; a dead letter of another one holds on, but for a redriven one. */
export async function releaseNumber(
  room: string,
  { redriven }: { redriven: boolean },
  { postgres }: Touched,
): Promise<void> {
  await affected(
    postgres.em(),
    `update call_facts set report_held_at = null, report_held_seq = null
      where report_held_at is not null and ($2 or report_held_seq is null)
        and call_id in (select id from calls where call_room = $1 and attempt is not null)`,
    [room, redriven],
  );
}

/**
 * Brings the held numbers into line with the dead letters: each dead letter of an agent's last word holds its call's
 * number, until somebody has sent it back, discarded it or deleted it. Rows decide: whoever set it aside, and by which
 * net, makes no difference. Which letters it has read is kept in memory; after a start it reads them once more.
 */
export function numberHolder(nats: Nats, deps: Touched): (stopping: AbortSignal) => Promise<void> {
  let readTo = 0;
  return async (stopping) => {
    if (!nats.isUp()) return;
    const newest = (await fetchMessage(nats, 'DLQ', { last_by_subj: letters }))?.seq ?? 0;
    // The stream was made anew.
    if (newest < readTo) readTo = 0;
    while (readTo < newest && !stopping.aborted) {
      const letter = await fetchMessage(nats, 'DLQ', { seq: readTo + 1, next_by_subj: letters });
      if (letter === undefined) break;
      await holdFor(nats, letter, deps);
      readTo = letter.seq;
    }
    await releaseLookedAt(nats, deps, stopping);
  };
}

async function holdFor(nats: Nats, letter: StoredMsg, deps: Touched): Promise<void> {
  if (letter.header.get(letterHeaders.subject) !== 'agent.ended') return;
  const room = roomOf(await readLetterText(nats, letter), letter);
  if (room === undefined || (await isLookedAt(nats, letter.seq))) return;
  if (await hold({ room, seq: letter.seq }, deps)) {
    const held = "a call's last report is a dead letter: its number is not rung until somebody has looked";
    deps.log.warn({ room, letter: letter.seq }, held);
  }
}

async function hold({ room, seq }: { room: string; seq: number | null }, deps: Touched): Promise<boolean> {
  const em = deps.postgres.em();
  const held = await affected(
    em,
    `insert into call_facts (call_id, report_held_at, report_held_seq)
     select id, $3, $2::bigint from calls where call_room = $1 and attempt is not null
     on conflict (call_id) do update
       set report_held_at = coalesce(call_facts.report_held_at, excluded.report_held_at),
           report_held_seq = case when $2::bigint is null then null
                                  else greatest(call_facts.report_held_seq, excluded.report_held_seq) end`,
    [room, seq, deps.now(await databaseNow(em))],
  );
  return held > 0;
}

async function releaseLookedAt(nats: Nats, { postgres }: Touched, stopping: AbortSignal): Promise<void> {
  const held = await rows(
    postgres.em(),
    z.object({ call_id: z.number(), seq: z.coerce.number() }),
    `select call_id, report_held_seq as seq from call_facts
      where report_held_at is not null and report_held_seq is not null`,
    [],
  );
  for (const { call_id: callId, seq } of held) {
    if (stopping.aborted) return;
    if (!(await isLookedAt(nats, seq))) continue;
    await affected(
      postgres.em(),
      `update call_facts set report_held_at = null, report_held_seq = null where call_id = $1 and report_held_seq = $2`,
      [callId, seq],
    );
  }
}

/** Sent back, discarded or deleted. One that newer letters of its durable pushed out nobody has looked at. */
async function isLookedAt(nats: Nats, seq: number): Promise<boolean> {
  const letter = await readDeadLetter(nats, seq);
  if (letter !== undefined) return letter.redriven !== undefined || letter.discarded !== undefined;
  return !(await isPushedOut(nats, 'DLQ', letters, seq));
}

/** Even where the payload can't be read as JSON; an agent of our kit names the room in its headers too. */
function roomOf(text: string | undefined, { header }: StoredMsg): string | undefined {
  const room = /\bcall-[1-9]\d{0,9}-[a-z0-9]{12}\b/;
  return (room.exec(text ?? '') ?? room.exec(header.get('ce-subject')))?.[0];
}
