import { toWords } from '@leadline/contracts/to-event-words';
import { html } from 'hono/html';
import type { AuditEntry } from './audit.ts';
import { toDateAndClock } from '../web/indian-format.ts';
import { layout, section, table, type Piece, type Shown } from '../web/layout.ts';
import { phoneShown } from '../web/phone-shown.ts';

export const entriesAPage = 100;

export function auditPage(
  shown: Shown,
  entries: readonly AuditEntry[],
  filter: { action: string | undefined; who: string | undefined },
): Piece {
  const last = entries.at(-1);
  const query = new URLSearchParams();
  if (filter.action !== undefined) query.set('action', filter.action);
  if (filter.who !== undefined) query.set('who', filter.who);
  if (last !== undefined) query.set('before', last.at.toISOString());
  return layout(
    shown,
    { title: 'Audit', at: '/audit', intro: 'Who did what, when and why. Nothing here can be changed.' },
    html`<form class="filter" method="get" action="/audit" aria-label="Filter">
        <div class="field">
          <label for="action">Action</label>
          <input id="action" name="action" value="${filter.action ?? ''}" placeholder="stop_dialling" />
        </div>
        <div class="field">
          <label for="who">Who</label>
          <input id="who" name="who" value="${filter.who ?? ''}" />
        </div>
        <button class="primary">Show</button>
      </form>
      ${section(
        'Entries',
        html`${table(
          'Audit, newest first',
          [{ name: 'When (IST)' }, { name: 'Who' }, { name: 'Action' }, { name: 'About' }, { name: 'Reason' }],
          entries.map((entry) => [
            toDateAndClock(entry.at),
            entry.who,
            toWords(entry.action),
            about(shown, entry),
            entry.reason,
          ]),
          { empty: 'No entries yet.' },
        )}
        ${entries.length === entriesAPage ? html`<p><a class="button" href="/audit?${query.toString()}">Older entries</a></p>` : ''}`,
        { wide: true },
      )}`,
  );
}

function about(shown: Shown, { leadId, phone, details }: AuditEntry): Piece {
  if (leadId !== null) return html`<a href="/leads/${leadId}">lead ${leadId}</a>`;
  if (phone !== null) return html`<span class="phone">${phoneShown(shown, phone)}</span>`;
  const parts = Object.entries(details ?? {}).map(
    ([key, value]) => `${toWords(key)} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return html`<span class="muted">${parts.length === 0 ? '–' : parts.join(', ')}</span>`;
}
