import { toIndianDay } from '@leadline/contracts/indian-time';
import { toWords } from '@leadline/contracts/to-event-words';
import { instant, rows, type Sql } from '@leadline/database/sql';
import { html } from 'hono/html';
import { z } from 'zod';
import { toPercent, toShortDateAndClock } from '../web/indian-format.ts';
import { badge, section, table, type Piece } from '../web/layout.ts';

const callback = z.object({
  leadId: z.number(),
  at: instant.nullable(),
  dueAt: instant.nullable(),
  saidAt: instant,
  confirmed: z.boolean(),
  askedBy: z.string(),
  keptBy: z.string(),
  words: z.string().nullable(),
  state: z.string(),
  why: z.string().nullable(),
  rangAt: instant.nullable(),
});
/** A time at which a buyer asked to be called back. */
export type Callback = z.output<typeof callback>;

const columns = `lead_id, at, due_at, said_at, confirmed, asked_by, kept_by, words, state, why, rang_at`;

/** What one lead's buyer asked for, oldest first. */
export function readCallbacksOf(sql: Sql, leadId: number): Promise<Callback[]> {
  return rows(sql, callback, `select ${columns} from callbacks where lead_id = $1 order by id limit 100`, [leadId]);
}

/** The next callbacks, by the agent or by a person, and how many of the day's callbacks were kept and missed. */
export type Callbacks = { next: Callback[]; kept: number; missed: number };

const listed = 8;

export async function readCallbacks(sql: Sql, now: Date, day: string): Promise<Callbacks> {
  const [next, closed] = await Promise.all([
    rows(
      sql,
      callback,
      `select ${columns} from callbacks
        where state = 'waiting' or (state = 'moved' and why = 'to_person' and at > $1)
        order by due_at nulls last limit $2`,
      [now, listed],
    ),
    rows(
      sql,
      z.object({ state: z.string(), count: z.number() }),
      `select state, count(*)::int as count from callbacks
        where state in ('kept', 'missed') and closed_at >= $1::timestamptz and closed_at < $1::timestamptz + interval '1 day'
        group by state`,
      [`${day}T00:00:00+05:30`],
    ),
  ]);
  const of = (state: string): number => closed.find((row) => row.state === state)?.count ?? 0;
  return { next, kept: of('kept'), missed: of('missed') };
}

export function callbacksCard({ next, kept, missed }: Callbacks, now: Date): Piece {
  const over = kept + missed;
  const share = over === 0 ? '' : html`<p>${toPercent(kept, over)} of ${over} kept on time that day.</p>`;
  const body = html`${share}
  ${table(
    'Buyers whom we call back',
    [{ name: 'Lead' }, { name: 'By', spare: true }, { name: 'Promised', number: true }],
    next.map(({ leadId, keptBy, at, dueAt }) => [
      html`<a href="/leads/${leadId}">${leadId}</a>`,
      keptBy === 'person' ? 'a person' : 'the agent',
      toTime(dueAt ?? at, now),
    ]),
    { empty: 'Nobody waits to be called back.' },
  )}`;
  return section('Callbacks', html`<div id="callbacks-live" data-live>${body}</div>`, { hint: 'Soonest first.' });
}

function toTime(at: Date | null, now: Date): Piece | string {
  if (at === null) return '–';
  const day = toIndianDay(at) === toIndianDay(now) ? 'today' : 'later';
  return html`<time datetime="${at.toISOString()}" title="${day}">${toShortDateAndClock(at)}</time>`;
}

const tones: Record<string, 'good' | 'bad' | 'wait'> = { kept: 'good', missed: 'bad', waiting: 'wait' };

/** When the buyer asked, what we promised, and when the phone rang. Empty if the buyer never asked to be called back. */
export function leadCallbacksCard(callbacks: readonly Callback[]): Piece | '' {
  if (callbacks.length === 0) return '';
  return section(
    'Called back',
    table(
      'Times at which the buyer asked to be called back',
      [{ name: 'Asked' }, { name: 'Promised' }, { name: 'Rang' }, { name: 'What became of it' }],
      callbacks.map((request) => [
        html`${toShortDateAndClock(request.saidAt)}${request.words === null ? '' : html`: “${request.words}”`}${
          request.askedBy === 'buyer' ? '' : html`, by a ${toWords(request.askedBy)}`
        }`,
        html`${request.at === null ? 'no time' : toShortDateAndClock(request.at)}${request.confirmed ? ', read back' : ''}${
          request.dueAt === null || request.dueAt.getTime() === request.at?.getTime()
            ? ''
            : html`; due ${toShortDateAndClock(request.dueAt)}`
        }${request.keptBy === 'person' ? ', by a person' : ''}`,
        request.rangAt === null ? '–' : toShortDateAndClock(request.rangAt),
        html`${badge(request.state, tones[request.state])}${request.why === null ? '' : ` ${toWords(request.why)}`}`,
      ]),
    ),
    { wide: true },
  );
}
