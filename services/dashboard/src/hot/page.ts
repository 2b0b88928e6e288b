import { dispositions } from '@leadline/contracts/disposition';
import { toAnswerTitle } from '@leadline/contracts/modes';
import { toWords } from '@leadline/contracts/to-event-words';
import { html } from 'hono/html';
import { assetUrls } from '../web/assets.ts';
import { toShortDateAndClock } from '../web/indian-format.ts';
import { badge, layout, type Piece, type Shown } from '../web/layout.ts';
import { phoneShown } from '../web/phone-shown.ts';
import type { HotCall, HotFilter } from './read.ts';

export const callsAPage = 50;
export const dayChoices = [1, 7, 30] as const;

export function hotPage(
  shown: Shown,
  { filter, calls, sources }: { filter: HotFilter; calls: readonly HotCall[]; sources: readonly string[] },
): Piece {
  const last = calls.at(-1);
  const older =
    calls.length === callsAPage && last !== undefined
      ? html`<p>
          <a class="button" href="/hot?${toQuery({ ...filter, before: last.callId })}">Older calls</a>
        </p>`
      : '';
  return layout(
    shown,
    {
      title: 'Hot now',
      at: '/hot',
      intro: 'Qualified calls, newest first, with what was said. Keep it open: it renews itself. Times are Indian.',
      aside: html`<a class="button" href="/hot.csv?${toQuery({ ...filter, before: undefined })}">Download CSV</a>`,
      scripts: filter.before === undefined ? [assetUrls.refresh] : [],
    },
    html`${filterForm(filter, sources)}
      <div id="hot-live" data-live class="card wide">
        ${
          calls.length === 0
            ? html`<p class="empty">No call fits yet.</p>`
            : html`<ol class="attempts">
                ${calls.map((call) => hotItem(shown, call))}
              </ol>`
        }
      </div>
      ${older}`,
  );
}

function hotItem(shown: Shown, call: HotCall): Piece {
  const facts = [
    call.source,
    call.productName ?? undefined,
    call.city ?? undefined,
    call.language === null ? undefined : `wants to speak ${call.language}`,
    call.callbackAt === null ? undefined : `wishes to be called back ${toShortDateAndClock(call.callbackAt)}`,
    call.callbackWords === null ? undefined : `wishes to be called back: “${call.callbackWords}”`,
    call.taskId === null ? 'not in the CRM yet' : `CRM task ${call.taskId}`,
  ].filter((part) => part !== undefined && part !== '');
  return html`<li>
    <p class="attempt">
      <strong
        >${call.leadId === null ? (call.name ?? `Call ${call.callId}`) : html`<a href="/leads/${call.leadId}">${call.name ?? `Lead ${call.leadId}`}</a>`}</strong
      >
      <span class="phone">${phoneShown(shown, call.phone)}</span>
      <time class="muted" datetime="${call.startedAt.toISOString()}">${toShortDateAndClock(call.startedAt)}</time>
      ${call.disposition === null ? '' : badge(toWords(call.disposition), call.disposition === 'interested' ? 'good' : 'plain')}
    </p>
    <p class="muted">${facts.join(' · ')}</p>
    ${
      call.answers.length === 0
        ? ''
        : html`<dl class="facts answers">
            ${call.answers.map(
              ({ key, text }) =>
                html`<div>
                  <dt>${toAnswerTitle(key)}</dt>
                  <dd>${text}</dd>
                </div>`,
            )}
          </dl>`
    }
  </li>`;
}

function filterForm(filter: HotFilter, sources: readonly string[]): Piece {
  const option = (value: string, text: string, chosen: string): Piece =>
    html`<option value="${value}" ${value === chosen ? html`selected` : ''}>${text}</option>`;
  const source = filter.source ?? '';
  const listed = source === '' || sources.includes(source) ? sources : [source, ...sources];
  return html`<form class="filter" method="get" action="/hot">
    <div class="field">
      <label for="outcome">Outcome</label>
      <select id="outcome" name="outcome">
        ${option('hot', 'All but who said no', filter.outcome)} ${option('all', 'All that qualified', filter.outcome)}
        ${dispositions.options.map((one) => option(one, toWords(one), filter.outcome))}
      </select>
    </div>
    <div class="field">
      <label for="source">Source</label>
      <select id="source" name="source">
        ${option('', 'All', source)} ${listed.map((one) => option(one, one, source))}
      </select>
    </div>
    <div class="field">
      <label for="days">From</label>
      <select id="days" name="days">
        ${dayChoices.map((days) => option(String(days), days === 1 ? 'the last day' : `the last ${days} days`, String(filter.days)))}
      </select>
    </div>
    <button class="primary">Show</button>
  </form>`;
}

function toQuery({ source, outcome, days, before }: HotFilter): string {
  const query = new URLSearchParams({ outcome, days: String(days) });
  if (source !== undefined) query.set('source', source);
  if (before !== undefined) query.set('before', String(before));
  return query.toString();
}
