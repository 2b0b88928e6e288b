import { databaseNow } from '@leadline/database/locks';
import { affected, row, rows, type Sql } from '@leadline/database/sql';
import type { Nats } from '@leadline/messaging/connect';
import { letterHeaders } from '@leadline/messaging/dead-letters';
import { readDeadLetter, readLetterText } from '@leadline/messaging/redrive';
import { isPushedOut } from '@leadline/messaging/make-room';
import { fetchMessage } from '@leadline/messaging/stored-message';
import { streams } from '@leadline/messaging/topology';
import type { StoredMsg } from 'nats';
import { z } from 'zod';
import type { Deps } from './deps.ts';

type Touched = Pick<Deps, 'postgres' | 'now' | 'log'>;

/** The subjects of dead letters that hold an agent's last report. */
const letters = 'dlq.AGENT.call-tracker-agent';

/** How many dead letters of one room we remember: the newest. */
const maxOfRoom = 1_000;
const dayMs = 86_400_000;
/** Where no number is held: another replica may hold one meanwhile. */
const askAgainMs = 30_000;

/** Holds the number of this room's call: we do not call it until the report is handled or an operator has decided on it. */
export async function holdNumber(room: string, deps: Touched): Promise<void> {
  await hold({ room, seq: null }, deps);
}

/** These calls' reports have been handled, so their numbers are free, except those that another dead letter holds. */
export async function letGoOfNumbers(sql: Sql, callIds: readonly number[]): Promise<void> {
  await affected(
    sql,
    `update call_facts set report_held_at = null
      where call_id = any($1::int[]) and report_held_at is not null and report_held_seq is null`,
    [callIds],
  );
}

/**
 * Makes the held numbers match the dead letters: each dead letter of an agent's last report holds its call's number until an
 * operator redrives, discards or deletes it, whichever way it became a dead letter. Letters that are not handled yet are
 * kept in memory and read again after a start.
 */
export function numberHolder(nats: Nats, deps: Touched): (stopping: AbortSignal) => Promise<void> {
  let readTo = 0;
  /** By room, oldest first. */
  const unseen = new Map<string, number[]>();
  /** Whether a number was held when we last asked, and when that was. */
  let isAnyHeld = true;
  let askedAt = Number.NEGATIVE_INFINITY;
  return async (stopping) => {
    if (!nats.isUp()) return;
    const newest = (await fetchMessage(nats, 'DLQ', { last_by_subj: letters }))?.seq ?? 0;
    // The stream was created again.
    if (newest < readTo) {
      readTo = 0;
      unseen.clear();
    }
    while (readTo < newest && !stopping.aborted) {
      const letter = await fetchMessage(nats, 'DLQ', { seq: readTo + 1, next_by_subj: letters });
      if (letter === undefined) break;
      const room = await roomOfLastWord(nats, letter);
      if (room !== undefined) unseen.set(room, [...(unseen.get(room) ?? []).slice(1 - maxOfRoom), letter.seq]);
      readTo = letter.seq;
    }
    for (const [room, seqs] of unseen) {
      if (stopping.aborted) return;
      const isHeld = await holdForNewest(nats, room, seqs, deps);
      if (!isHeld) unseen.delete(room);
    }
    if (unseen.size === 0 && !isAnyHeld && performance.now() - askedAt < askAgainMs) return;
    askedAt = performance.now();
    isAnyHeld = await releaseLookedAt(nats, unseen, deps, stopping);
  };
}

/** The room whose last report a dead letter holds. */
export async function roomOfLastWord(nats: Nats, letter: StoredMsg): Promise<string | undefined> {
  if (letter.header.get(letterHeaders.subject) !== 'agent.ended') return undefined;
  return roomOf(await readLetterText(nats, letter), letter);
}

/** Removes handled letters from `seqs`. Returns false if none is left or the room belongs to no call. */
async function holdForNewest(nats: Nats, room: string, seqs: number[], deps: Touched): Promise<boolean> {
  const held = await row(
    deps.postgres.sql,
    z.object({ seq: z.coerce.number() }),
    `select coalesce(f.report_held_seq, 0) as seq from calls c left join call_facts f on f.call_id = c.id
      where c.call_room = $1 and c.attempt is not null limit 1`,
    [room],
  );
  if (held === undefined) return false;
  for (let newest = seqs.at(-1); newest !== undefined; newest = seqs.at(-1)) {
    if (!(await isLookedAt(nats, newest))) {
      if (held.seq === newest) return true;
      await hold({ room, seq: newest }, deps);
      const told = "a call's last report is a dead letter: its number is not rung until somebody has looked";
      deps.log.warn({ room, letter: newest }, told);
      return true;
    }
    seqs.pop();
  }
  return false;
}

/** A later dead letter holds the number again, whatever an operator decided on an earlier one. */
async function hold({ room, seq }: { room: string; seq: number | null }, deps: Touched): Promise<void> {
  const sql = deps.postgres.sql;
  await affected(
    sql,
    `insert into call_facts (call_id, report_held_at, report_held_seq)
     select id, $3, $2::bigint from calls where call_room = $1 and attempt is not null
     on conflict (call_id) do update
       set report_held_at = case when $2::bigint <= call_facts.report_held_seq then call_facts.report_held_at
                                 else excluded.report_held_at end,
           report_held_seq = coalesce(excluded.report_held_seq, call_facts.report_held_seq)`,
    [room, seq, deps.now(await databaseNow(sql))],
  );
}

/** @returns whether any number was held */
async function releaseLookedAt(
  nats: Nats,
  unseen: ReadonlyMap<string, unknown>,
  { postgres }: Touched,
  stopping: AbortSignal,
): Promise<boolean> {
  const held = await rows(
    postgres.sql,
    z.object({ callId: z.number(), room: z.string(), seq: z.coerce.number() }),
    // A letter older than all others was not deleted by an operator: it expired.
    `select f.call_id, c.call_room as room, f.report_held_seq as seq from call_facts f join calls c on c.id = f.call_id
      where f.report_held_at > clock_timestamp() - $1::float8 * interval '1 ms' and f.report_held_seq is not null`,
    [streams.DLQ.maxAgeMs - dayMs],
  );
  for (const { callId, room, seq } of held) {
    if (stopping.aborted) return true;
    if (unseen.has(room) || !(await isLookedAt(nats, seq))) continue;
    await affected(
      postgres.sql,
      `update call_facts set report_held_at = null, report_held_seq = null where call_id = $1 and report_held_seq = $2`,
      [callId, seq],
    );
  }
  return held.length > 0;
}

/** Whether an operator redrove, discarded or deleted the letter. One that newer letters pushed out does not count. */
export async function isLookedAt(nats: Nats, seq: number): Promise<boolean> {
  const letter = await readDeadLetter(nats, seq);
  if (letter !== undefined) return letter.redriven !== undefined || letter.discarded !== undefined;
  return !(await isPushedOut(nats, 'DLQ', letters, seq));
}

/** Agents of our kit name the room in a header too, so this works even if the payload is not JSON. */
function roomOf(text: string | undefined, { header }: StoredMsg): string | undefined {
  const room = /\bcall-[1-9]\d{0,9}-[a-z0-9]{12}\b/;
  return (room.exec(text ?? '') ?? room.exec(header.get('ce-subject')))?.[0];
}
