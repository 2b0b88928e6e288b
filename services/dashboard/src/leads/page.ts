import { toWords } from '@leadline/contracts/to-event-words';
import { leadStatuses } from '@leadline/contracts/statuses';
import { html } from 'hono/html';
import { toShortDateAndClock } from '../web/indian-format.ts';
import { phoneShown } from '../web/phone-shown.ts';
import type { LeadHit, LeadSearch } from './search.ts';
import { badge, hiddenToken, layout, section, table, type Piece, type Shown } from '../web/layout.ts';

export const hitsAPage = 50;

export function leadsPage(shown: Shown, search: LeadSearch, hits: readonly LeadHit[]): Piece {
  const last = hits.at(-1);
  const older =
    hits.length === hitsAPage && last !== undefined && (search.text ?? '') === ''
      ? html`<p><a class="button" href="/leads?${toQuery({ ...search, before: last.id })}">Older leads</a></p>`
      : '';
  const operator = shown.session.user.role === 'operator';
  return layout(
    shown,
    { title: 'Leads', at: '/leads', intro: 'Newest first. Times are Indian.' },
    html`<form class="filter" method="post" action="/leads" role="search" aria-label="Leads">
        ${hiddenToken(shown.session)}
        <div class="field grow">
          <label for="text">${operator ? 'Lead number, phone or name' : 'Lead number or name'}</label>
          <input id="text" name="text" type="search" autocomplete="off" value="${search.text ?? ''}" />
        </div>
        <div class="field">
          <label for="source">Source</label>
          <input id="source" name="source" autocomplete="off" value="${search.source ?? ''}" size="14" />
        </div>
        <div class="field">
          <label for="status">Status</label>
          <select id="status" name="status">
            <option value="">Any</option>
            ${leadStatuses.options.map(
              (status) => html`<option ${status === search.status ? html`selected` : ''}>${status}</option>`,
            )}
          </select>
        </div>
        <button class="primary">Search</button>
      </form>
      ${section(
        'Found',
        html`${table(
          'Leads',
          [
            { name: 'Lead' },
            { name: 'Name' },
            { name: 'Phone' },
            { name: 'Source', spare: true },
            { name: 'Product', spare: true },
            { name: 'Status' },
            { name: 'Came in', number: true, spare: true },
          ],
          hits.map((lead) => [
            html`<a href="/leads/${lead.id}">${lead.id}</a>`,
            lead.name,
            html`<span class="phone">${phoneShown(shown, lead.phone)}</span>`,
            lead.source,
            lead.productName ?? '–',
            leadBadge(lead),
            toShortDateAndClock(lead.createdAt),
          ]),
          { empty: 'No lead fits.' },
        )}
        ${older}`,
        { wide: true },
      )}`,
  );
}

export function leadBadge(lead: Pick<LeadHit, 'status' | 'failureReason' | 'retryAfter'>): Piece {
  if (lead.status === 'failed')
    return badge(lead.failureReason === null ? 'failed' : `failed: ${toWords(lead.failureReason)}`, 'bad');
  if (lead.status === 'dispatched') return badge('dispatched', 'good');
  if (lead.status === 'new' && lead.retryAfter !== null) return badge('new, waits', 'wait');
  return badge(lead.status, lead.status === 'new' ? 'wait' : 'plain');
}

function toQuery(search: LeadSearch): string {
  const query = new URLSearchParams();
  if (search.source !== undefined) query.set('source', search.source);
  if (search.status !== undefined) query.set('status', search.status);
  if (search.before !== undefined) query.set('before', String(search.before));
  return query.toString();
}
