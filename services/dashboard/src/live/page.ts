import { html } from 'hono/html';
import { assetUrls } from '../web/assets.ts';
import { toClockWithSeconds, toDateAndClock } from '../web/indian-format.ts';
import type { EventFilter, EventLine } from './live-events.ts';
import { toLineTitle } from './to-line-title.ts';
import { layout, section, type Piece, type Shown } from '../web/layout.ts';

/** One line of the stream, sent to browsers as it is. */
export function eventItem(event: EventLine): Piece {
  const { words, tone } = toLineTitle(event);
  return html`<li id="event-${event.no}" class="${tone}">
    <time datetime="${event.at.toISOString()}" title="${toDateAndClock(event.at)} IST"
      >${toClockWithSeconds(event.at)}</time
    >
    <span class="who"
      >${
        event.leadId === null
          ? html`<span class="muted">call ${event.callId ?? '?'}</span>`
          : html`<a href="/leads/${event.leadId}">lead ${event.leadId}</a>`
      }</span
    >
    <span class="what">${words}</span> <span class="muted from">${event.source ?? ''}</span> <code>${event.type}</code>
  </li>`;
}

const subjects = ['lead.', 'call.', 'agent.'] as const;

export function livePage(
  shown: Shown,
  filter: EventFilter,
  newest: readonly EventLine[],
  types: readonly string[],
): Piece {
  const option = (value: string, text: string): Piece =>
    html`<option value="${value}" ${value === (filter.subject ?? '') ? html`selected` : ''}>${text}</option>`;
  return layout(
    shown,
    {
      title: 'Live',
      at: '/live',
      intro: 'Events as they happen, newest on top, in Indian time. Without a lead: the last seven days.',
      aside: html`<div class="states">
        <span id="live-state" class="badge plain" role="status">as of this load</span>
        <button type="button" id="pause" class="quiet" aria-pressed="false" hidden>Pause</button>
      </div>`,
      scripts: [assetUrls.live],
    },
    html`<form class="filter" method="get" action="/live" aria-label="Filter">
        <div class="field">
          <label for="subject">Subject</label>
          <select id="subject" name="subject">
            ${option('', 'All')} ${subjects.map((subject) => option(subject, `${subject}*`))}
            ${types.map((type) => option(type, type))}
          </select>
        </div>
        <div class="field">
          <label for="lead">Lead</label>
          <input id="lead" name="lead" inputmode="numeric" pattern="[0-9]*" size="8" value="${filter.leadId ?? ''}" />
        </div>
        <div class="field">
          <label for="source">Source</label>
          <input id="source" name="source" size="14" value="${filter.source ?? ''}" />
        </div>
        <div class="field check">
          <input
            id="failed"
            name="failed"
            type="checkbox"
            value="yes"
            ${filter.failedOnly === true ? html`checked` : ''}
          />
          <label for="failed">Failed only</label>
        </div>
        <button class="primary">Show</button>
      </form>
      ${section(
        'Events',
        html`${newest.length === 0 ? html`<p class="empty" id="no-events">No matching events yet.</p>` : ''}
          <ol class="timeline live" id="event-list">
            ${newest.toReversed().map(eventItem)}
          </ol>`,
        { wide: true },
      )}`,
  );
}
