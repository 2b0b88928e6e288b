import type { DeadLetterView } from '@leadline/messaging/redrive';
import { html } from 'hono/html';
import { assetUrls } from '../web/assets.ts';
import { toCount, toDateAndClock, toShortDateAndClock } from '../web/indian-format.ts';
import type { RedriveFilter, RedriveRun } from './redrives.ts';
import { badge, hiddenToken, layout, section, table, type Piece, type Shown } from '../web/layout.ts';

type LettersPage = {
  /** Newest first. */
  letters: readonly DeadLetterView[];
  isCut: boolean;
  filter: RedriveFilter;
  all: boolean;
  canRedrive: boolean;
};

export function deadLettersPage(shown: Shown, page: LettersPage): Piece {
  const groups = [...Map.groupBy(page.letters, ({ reason, durable }) => `${reason}\n${durable}`)].toSorted(
    ([, a], [, b]) => b.length - a.length,
  );
  const operator = shown.session.user.role === 'operator';
  return layout(
    shown,
    {
      title: 'Dead letters',
      at: '/dead-letters',
      intro: page.all
        ? 'All dead letters, including those sent back.'
        : 'Messages that no service could handle, and that nobody has sent back yet.',
      aside: html`<a class="button" href="/dead-letters${page.all ? '' : '?all=yes'}"
        >${page.all ? 'Only those that wait' : 'Also those sent back'}</a
      >`,
    },
    html`${page.letters.length === 0 ? section('Nothing waits', html`<p class="empty">No message is set aside. Everything that came was handled.</p>`, { wide: true }) : ''}
    ${groups.map(([, letters]) => groupCard(letters))}
    ${page.isCut ? html`<p class="hint">Only the oldest ${page.letters.length} are listed.</p>` : ''}
    ${operator && page.canRedrive && page.letters.length > 0 ? matchingCard(shown, page) : ''}`,
  );
}

function groupCard(letters: readonly DeadLetterView[]): Piece {
  const first = letters[0];
  if (first === undefined) return html``;
  return section(
    first.reason,
    html`${table(
      `${first.reason}, ${first.durable}`,
      [
        { name: 'Letter' },
        { name: 'Event' },
        { name: 'About' },
        { name: 'Set aside', number: true },
        { name: 'Deliveries', number: true, spare: true },
        { name: 'Sent back', spare: true },
      ],
      letters
        .slice(0, 50)
        .map((letter) => [
          html`<a href="/dead-letters/${letter.seq}">${letter.seq}</a>`,
          html`<code>${letter.subject}</code>`,
          aboutOf(letter.payload),
          toShortDateAndClock(letter.at),
          letter.deliveries,
          letter.redriven === undefined ? '–' : `${letter.redriven.times}×, last by ${letter.redriven.who}`,
        ]),
    )}
    ${letters.length > 50 ? html`<p class="hint">And ${letters.length - 50} more.</p>` : ''}`,
    {
      hint: html`${toCount(letters.length)} of <code>${first.durable}</code>`,
      id: `group-${first.seq}`,
      wide: true,
    },
  );
}

/** Ids only; the letter's own page shows the rest of its payload. */
function aboutOf(payload: unknown): Piece | string {
  if (typeof payload !== 'object' || payload === null) return 'not readable';
  const leadId = 'leadId' in payload && typeof payload.leadId === 'number' ? payload.leadId : undefined;
  if (leadId !== undefined) return html`<a href="/leads/${leadId}">lead ${leadId}</a>`;
  return 'room' in payload && typeof payload.room === 'string' ? payload.room : '–';
}

function matchingCard({ session }: Shown, { filter, letters }: LettersPage): Piece {
  const choices = (values: readonly string[], chosen: string | undefined): Piece[] =>
    [...new Set(values)]
      .toSorted()
      .map((value) => html`<option value="${value}" ${value === chosen ? html`selected` : ''}>${value}</option>`);
  const pick = (id: string, name: string, label: string, options: Piece[]): Piece =>
    html`<div class="field">
      <label for="${id}">${label}</label>
      <select id="${id}" name="${name}">
        <option value="">Any</option>
        ${options}
      </select>
    </div>`;
  return section(
    'Send back all that match',
    html`<form class="filter" method="post" action="/dead-letters/redrive">
      ${hiddenToken(session)}
      ${pick(
        'm-because',
        'because',
        'Reason set aside',
        choices(
          letters.map(({ reason }) => reason),
          filter.reason,
        ),
      )}
      ${pick(
        'm-durable',
        'durable',
        'Given up by',
        choices(
          letters.map(({ durable }) => durable),
          filter.durable,
        ),
      )}
      ${pick(
        'm-subject',
        'subject',
        'Event',
        choices(
          letters.map(({ subject }) => subject),
          filter.subject,
        ),
      )}
      <div class="field">
        <label for="m-cap">At most</label>
        <input id="m-cap" name="cap" type="number" min="1" max="10000" value="100" required />
      </div>
      <div class="field grow">
        <label for="m-reason">Why you send them back</label>
        <input
          id="m-reason"
          name="reason"
          required
          maxlength="300"
          autocomplete="off"
          placeholder="Kept in the audit"
        />
      </div>
      <button name="mode" value="try">Dry run</button>
      <button name="mode" value="redrive" class="primary">Send back</button>
    </form>`,
    {
      hint: 'Each goes to the one consumer that gave it up. Letters that were sent back before are skipped.',
      wide: true,
    },
  );
}

export function deadLetterPage(shown: Shown, letter: DeadLetterView): Piece {
  const text = typeof letter.payload === 'string' ? letter.payload : JSON.stringify(letter.payload, null, 2);
  const operator = shown.session.user.role === 'operator';
  const sent =
    letter.redriven === undefined
      ? letter.discarded === undefined
        ? badge('not sent back', 'wait')
        : badge(`discarded ${toShortDateAndClock(letter.discarded.at)} by ${letter.discarded.who}`, 'plain')
      : badge(
          `sent back ${letter.redriven.times}×, last ${toShortDateAndClock(letter.redriven.at)} by ${letter.redriven.who}`,
          'good',
        );
  return layout(
    shown,
    {
      title: `Dead letter ${letter.seq}`,
      at: '/dead-letters',
      intro: html`<code>${letter.subject}</code> given up by <code>${letter.durable}</code>`,
      aside: sent,
    },
    html`${section(
      'Why it is here',
      html`<dl class="facts">
        <div>
          <dt>Reason</dt>
          <dd>${letter.reason}</dd>
        </div>
        <div>
          <dt>Set aside</dt>
          <dd>${toDateAndClock(letter.at)} IST</dd>
        </div>
        <div>
          <dt>Deliveries</dt>
          <dd>${letter.deliveries}</dd>
        </div>
        <div>
          <dt>Event id</dt>
          <dd><code>${letter.eventId}</code></dd>
        </div>
        <div>
          <dt>About</dt>
          <dd>${aboutOf(letter.payload)}</dd>
        </div>
      </dl>`,
      { wide: true },
    )}
    ${
      operator
        ? section(
            'Payload',
            html`<form class="stack" method="post" action="/dead-letters/${letter.seq}/redrive">
              ${hiddenToken(shown.session)}
              <div class="field">
                <label for="letter-payload">As it came; mend it here if it is broken</label>
                <textarea id="letter-payload" name="payload" rows="12" spellcheck="false" class="code">
${text}</textarea>
              </div>
              <div class="field">
                <label for="one-reason">Why you send it back, or let it be</label>
                <input
                  id="one-reason"
                  name="reason"
                  required
                  maxlength="300"
                  autocomplete="off"
                  placeholder="Kept in the audit"
                />
              </div>
              <div class="buttons">
                <button name="mode" value="try">Dry run</button>
                <button name="mode" value="redrive" class="primary">Send back</button>
                <button name="mode" value="discard">Discard</button>
              </div>
            </form>`,
            { wide: true },
          )
        : section(
            'Payload',
            html`<p class="empty">A payload may hold what a person said: it is for operators only.</p>`,
            { wide: true },
          )
    }`,
  );
}

export function redrivePage(shown: Shown, run: RedriveRun): Piece {
  const done = run.redriven + run.refused;
  const isOver = run.finishedAt !== null;
  const verb = run.dryRun ? 'would be sent back' : 'were sent back';
  const { letters: _letters, ...chosen } = run.filter;
  const filter = Object.entries(chosen).map(([key, value]) => `${key} ${value}`);
  return layout(
    shown,
    {
      title: run.dryRun ? 'Dry run' : 'Redrive',
      at: '/dead-letters',
      intro: `By ${run.who}, ${toDateAndClock(run.startedAt)} IST: ${run.reason}`,
      aside: html`<div id="run-state" data-live="1000">
        ${isOver ? badge('finished', 'good') : badge('in progress', 'wait')}
      </div>`,
      scripts: isOver ? [] : [assetUrls.refresh],
    },
    section(
      'Progress',
      html`<div id="run" data-live="${isOver ? 60_000 : 1_000}">
          <p class="big">${toCount(done)} of ${toCount(run.total)}</p>
          <label for="progress" class="unseen">Progress</label>
          <progress
            id="progress"
            max="${Math.max(1, run.total)}"
            value="${isOver && run.total === 0 ? 1 : done}"
          ></progress>
          <p>${toCount(run.redriven)} ${verb}, ${toCount(run.refused)} could not be.</p>
          ${run.lastRefusal === null ? '' : html`<p class="muted">Last refusal: ${run.lastRefusal}</p>`}
          <p class="hint">
            At most ${toCount(run.cap)}${filter.length === 0 ? ', of any kind' : `, ${filter.join(', ')}`}.
          </p>
        </div>
        <p><a class="button" href="/dead-letters">Back to the dead letters</a></p>`,
      { wide: true },
    ),
  );
}
