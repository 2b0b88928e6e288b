import { erase, type EraseAsked, type Erased } from '@leadline/contracts/commands/erase';
import { readAgentReport } from '@leadline/contracts/to-agent-report';
import { mentionsPhone } from '@leadline/contracts/phone-number';
import { lockCall } from '@leadline/database/locks';
import { rehearse } from '@leadline/database/rehearse';
import { affected, instant, rows } from '@leadline/database/sql';
import { answer, type Answering } from '@leadline/messaging/ask';
import type { Nats } from '@leadline/messaging/connect';
import { deleteMessage } from '@leadline/messaging/delete-message';
import { requirePhone } from '@leadline/messaging/require-phone';
import { readBack } from '@leadline/messaging/read-back';
import { z } from 'zod';
import type { Deps } from './deps.ts';
import { isLookedAt, roomOfLastWord } from './hold-numbers.ts';

/** `ops.call-tracker.erase` */
export function answerErase(nats: Nats, deps: Deps): Promise<Answering> {
  return answer(nats, erase['call-tracker'], (asked) => erasePerson(asked, nats, deps));
}

const call = z.object({ id: z.number(), callRoom: z.string().nullable(), callStartedAt: instant });
type Call = z.output<typeof call>;

/**
 * Removes a person's words from calls, agents' reports and dead letters. That a call was qualified, and its length, stay.
 * It finds the calls by their number, so it must run before the dispatcher erases the number.
 */
async function erasePerson(asked: EraseAsked, nats: Nats, { postgres }: Deps): Promise<Erased> {
  const phone = requirePhone(asked.phone);
  const calls = await rows(
    postgres.sql,
    call,
    `select id, call_room, call_started_at from calls where last_ten(phone) = last_ten($1) order by id`,
    [phone],
  );
  const unheard = await listUnheard(nats, calls);
  if (!asked.dryRun) await takeForWishes(unheard, postgres);
  // Messages first: if we die in between, the calls can still be found by their number.
  const messages = await eraseMessages(nats, phone, calls, asked.dryRun);
  const answers = await rehearse(postgres, asked.dryRun, async (sql) => {
    for (const { id } of calls) await lockCall(sql, id);
    const ids = calls.map(({ id }) => id);
    // The call stays marked as erased, so that late reports are not stored. If a call still goes on, the dispatcher refuses
    // the erasure, and the operator asks again later.
    await affected(
      sql,
      `insert into call_facts (call_id, erased_at)
       select id, clock_timestamp() from calls where id = any($1) and attempt is not null and status <> 'calling'
           on conflict (call_id) do update
              set callback_at = null, callback_words = null, callback_request = null, answered_detail = null,
                  language = null, erased_at = coalesce(call_facts.erased_at, excluded.erased_at)`,
      [ids],
    );
    return affected(
      sql,
      `update calls set qualification = null, updated_at = clock_timestamp()
        where id = any($1) and qualification is not null`,
      [ids],
    );
  });
  const left = 'a last report that nobody had heard: it counts as a wish never to be called again';
  return { counts: { answers, ...messages }, left: unheard.length === 0 ? [] : [left] };
}

/** The calls whose last report is a dead letter that no operator has handled. */
async function listUnheard(nats: Nats, calls: Call[]): Promise<Call[]> {
  const [oldest] = calls;
  if (oldest === undefined) return [];
  const since = new Date(oldest.callStartedAt.getTime() - hourMs);
  const letters = await readBack(nats, { stream: 'DLQ', subjects: ['dlq.AGENT.call-tracker-agent'], since });
  const unheard = new Set<Call>();
  for (const letter of letters) {
    const room = await roomOfLastWord(nats, letter);
    const ended = room === undefined ? undefined : calls.find(({ callRoom }) => callRoom === room);
    if (ended !== undefined && !(await isLookedAt(nats, letter.seq))) unheard.add(ended);
  }
  return [...unheard];
}

/**
 * Treats reports that we can never read any more as wishes not to be called, from the time when they held their number. An
 * operator can take the number off the list again.
 */
async function takeForWishes(unheard: Call[], postgres: Deps['postgres']): Promise<void> {
  await postgres.transaction(async (sql) => {
    for (const { id } of unheard.toSorted((one, other) => one.id - other.id)) {
      await lockCall(sql, id);
      await affected(sql, `update calls set do_not_call = true, updated_at = clock_timestamp() where id = $1`, [id]);
      await affected(
        sql,
        `insert into call_facts as f (call_id, do_not_call_at) values ($1, clock_timestamp())
         on conflict (call_id) do update
            set do_not_call_at = greatest(f.do_not_call_at, coalesce(f.report_held_at, excluded.do_not_call_at))`,
        [id],
      );
    }
  });
}

const hourMs = 3_600_000;

async function eraseMessages(
  nats: Nats,
  phone: string,
  calls: Call[],
  dryRun: boolean,
): Promise<{ reports: number; deadLetters: number }> {
  const rooms = calls.flatMap(({ callRoom }) => callRoom ?? []);
  const [oldest] = calls;
  if (oldest === undefined || rooms.length === 0) return { reports: 0, deadLetters: 0 };
  const since = new Date(oldest.callStartedAt.getTime() - hourMs);
  const eraseFrom = async (stream: 'AGENT' | 'DLQ', subjects: string[]): Promise<number> => {
    const found = (await readBack(nats, { stream, subjects, since })).filter(({ subject, data }) => {
      const text = new TextDecoder().decode(data);
      if (['agent.answered_by', 'agent.ended'].includes(subject) && !holdsWords(subject, text)) return false;
      return mentionsPhone(text, phone) || rooms.some((room) => text.includes(room));
    });
    if (!dryRun) for (const { seq } of found) await deleteMessage(nats, stream, seq);
    return found.length;
  };
  return {
    reports: await eraseFrom('AGENT', [
      'agent.qualified',
      'agent.answered_by',
      'agent.callback_requested',
      'agent.ended',
    ]),
    deadLetters: await eraseFrom('DLQ', ['dlq.AGENT.call-tracker-agent', 'dlq.AGENT.dashboard-agent']),
  };
}

/**
 * Whether a report may hold a person's own words: words for a time, a detail, or fields that we could not read. The other
 * fields say only what an event may say: who answered, who ended the call, a wish, a time.
 */
function holdsWords(subject: string, text: string): boolean {
  try {
    const read = readAgentReport(subject, JSON.parse(text));
    if (!read.ok) return false;
    if (read.notes.some(({ field }) => field === 'disposition' || field === 'language')) return true;
    if (read.report.type === 'agent.answered_by') return read.report.detail !== null;
    return read.report.type === 'agent.ended' && (read.report.callbackWords ?? read.report.language) !== null;
  } catch {
    return true;
  }
}
