import { toIndianDay } from '@leadline/contracts/indian-time';
import { toWords } from '@leadline/contracts/to-event-words';
import type { DiallingState } from '@leadline/contracts/commands/dialling';
import { html } from 'hono/html';
import { addDays } from '../web/calendar.ts';
import { toClock, toCount, toDayName, toLength, toPercent, toShortDateAndClock } from '../web/indian-format.ts';
import { callbacksCard } from '../leads/callbacks.ts';
import type { FunnelStep, Today } from './read.ts';
import { assetUrls } from '../web/assets.ts';
import { badge, layout, reasonForm, section, table, type Piece, type Shown } from '../web/layout.ts';

type Dialling = {
  dialling: DiallingState | undefined;
  window: { open: boolean; opensAt: Date | undefined } | undefined;
};

export function todayPage(shown: Shown, today: Today, { dialling, window }: Dialling): Piece {
  const isNow = today.day === toIndianDay(today.now);
  const dayLink = (day: string, text: string): Piece =>
    html`<a class="button" href="${day === toIndianDay(today.now) ? '/' : `/?day=${day}`}">${text}</a>`;
  return layout(
    shown,
    {
      title: isNow ? 'Today' : toDayName(today.day),
      at: '/',
      intro: isNow
        ? html`<span id="clock" data-live>${toDayName(today.day)}, ${toClock(today.now)} IST</span>`
        : 'The leads that came in on that day, and how far each has come since.',
      aside: html`<div class="states">
        ${isNow ? html`<div class="states" id="states" data-live>${windowState(window)} ${diallingBadge(dialling)}</div>` : ''}
        ${dayLink(addDays(today.day, -1), isNow ? 'Yesterday' : 'Day before')}
        ${isNow ? '' : dayLink(addDays(today.day, 1), 'Day after')}
      </div>`,
      scripts: isNow ? [assetUrls.refresh] : [],
    },
    html`${today.growing ? html`<p class="notice" role="status">The figures are still being counted for the first time.</p>` : ''}
      <div class="grid">
        ${funnelCard(today)} ${isNow ? html`${progressCard(today)} ${switchCard(shown, dialling)}` : ''}
        ${speedCard(today)} ${reachedCard(today)} ${failureCard(today)}
        ${isNow ? html`${callbacksCard(today.callbacks, today.now)} ${retryCard(today)}` : ''}
      </div>`,
  );
}

function windowState(window: Dialling['window']): Piece {
  if (window === undefined) return badge('window not known');
  if (window.open) return badge('call window open', 'good');
  const opens = window.opensAt === undefined ? '' : `, opens ${toShortDateAndClock(window.opensAt)}`;
  return badge(`call window shut${opens}`, 'wait');
}

function diallingBadge(dialling: DiallingState | undefined): Piece {
  if (dialling === undefined) return badge('dispatcher does not answer', 'bad');
  if (dialling.state === 'running') return badge('dialling', 'good');
  if (dialling.state === 'stopped') return badge('dialling stopped', 'bad');
  return badge(`stopping, ${dialling.onTheirWay} on their way`, 'wait');
}

const stepNames: Record<FunnelStep['step'], string> = {
  received: 'Received',
  dialled: 'Dialled',
  answered: 'Answered',
  qualified: 'Qualified',
  pushed: 'In the CRM',
};

function funnelCard({ funnel, day, now }: Today): Piece {
  const when = day === toIndianDay(now) ? 'today' : 'on that day';
  const most = funnel[0]?.leads ?? 0;
  const rows = funnel.map(({ step, leads }, place) => {
    const before = funnel[place - 1]?.leads ?? leads;
    const width = most === 0 ? 0 : (leads / most) * 100;
    return [
      stepNames[step],
      html`<svg class="bar" aria-hidden="true" preserveAspectRatio="none" viewBox="0 0 100 10">
        <rect class="rail" width="100" height="10" rx="1.500" />
        <rect class="fill" width="${width.toFixed(2)}" height="10" rx="1.500" />
      </svg>`,
      html`<strong>${toCount(leads)}</strong>`,
      place === 0 ? '' : toPercent(leads, most),
      dropOf(place, before, leads),
    ];
  });
  const body = table(
    `How far the leads that came in ${when} have come`,
    [
      { name: 'Step' },
      { name: 'Share', hidden: true },
      { name: 'Leads', number: true },
      { name: 'Of all', number: true },
      { name: 'Drop', number: true },
    ],
    rows,
  );
  return section('Funnel', html`<div id="funnel-live" data-live class="funnel">${body}</div>`, {
    hint: `Leads that came in ${when}, and how far each has come since.`,
    wide: true,
  });
}

function dropOf(place: number, before: number, leads: number): Piece | string {
  if (place === 0 || before === 0) return '';
  if (leads === before) return html`<span class="muted">–</span>`;
  return html`<span class="drop">−${toPercent(before - leads, before)}</span>`;
}

function progressCard({ inProgress, now }: Today): Piece {
  const body = html`<p class="big">${toCount(inProgress.length)}${inProgress.length === 100 ? '+' : ''}</p>
    ${table(
      'Calls in progress',
      [{ name: 'Call' }, { name: 'Lead' }, { name: 'State' }, { name: 'For', number: true }],
      inProgress
        .slice(0, 8)
        .map((call) => [
          `#${call.callId}`,
          call.leadId === null ? '–' : html`<a href="/leads/${call.leadId}">${call.leadId}</a>`,
          call.answered ? badge('talking', 'good') : badge(`attempt ${call.attempt ?? '?'}`, 'plain'),
          toLength(now.getTime() - call.startedAt.getTime()),
        ]),
      { empty: 'Nobody is on the phone.' },
    )}`;
  return section('On the phone now', html`<div id="progress-live" data-live>${body}</div>`);
}

function speedCard({ speeds }: Today): Piece {
  const body = table(
    'Speed to lead by source',
    [
      { name: 'Source' },
      { name: 'Dialled', number: true },
      { name: 'Median', number: true },
      { name: 'p90', number: true },
    ],
    speeds.map(({ source, leads, medianMs, p90Ms }) => [
      html`<a href="/leads?source=${encodeURIComponent(source)}">${source}</a>`,
      toCount(leads),
      toLength(medianMs),
      toLength(p90Ms),
    ]),
    { empty: 'No lead of this day was dialled yet.' },
  );
  return section('Speed to lead', html`<div id="speed-live" data-live>${body}</div>`, {
    hint: 'From a lead’s arrival to its first dial; nine of ten were dialled within p90.',
  });
}

function reachedCard({ reached }: Today): Piece {
  const answerers = [
    ['People reached', reached.people],
    ['Machines', reached.machines],
    ['Announcements', reached.announcements],
  ] as const;
  const outcomes = [...reached.dispositions].toSorted(([, a], [, b]) => b - a);
  const body = table(
    'Who answered calls of this day, and what became of the talks',
    [{ name: 'Who, and what' }, { name: 'Calls', number: true }],
    [
      ...answerers.map(([name, calls]) => [name, toCount(calls)]),
      ...outcomes.map(([disposition, calls]) => [
        html`<span class="muted">${toWords(disposition)}</span>`,
        toCount(calls),
      ]),
    ],
  );
  return section('Reached', html`<div id="reached-live" data-live>${body}</div>`, {
    hint: html`As the agents reported. <a href="/hot">Who is hot now</a>, <a href="/reached">all of the month</a>`,
  });
}

function failureCard({ failures }: Today): Piece {
  const total = failures.reduce((sum, { calls }) => sum + calls, 0);
  const body = table(
    'Why calls of this day failed',
    [{ name: 'Reason' }, { name: 'Calls', number: true }, { name: 'Share', number: true }],
    failures.map(({ outcome, calls }) => [toWords(outcome), toCount(calls), toPercent(calls, total)]),
    { empty: 'No call of this day failed.' },
  );
  return section('Failed calls', html`<div id="failures-live" data-live>${body}</div>`, {
    hint: 'By the reason each ended with.',
  });
}

function retryCard({ retries, moreRetries, now }: Today): Piece {
  const body = html`${table(
    'Leads that wait for their next attempt',
    [{ name: 'Lead' }, { name: 'Source', spare: true }, { name: 'Because' }, { name: 'Next', number: true }],
    retries.map(({ leadId, source, reason, dueAt }) => [
      html`<a href="/leads/${leadId}">${leadId}</a>`,
      source,
      reason === null ? '–' : toWords(reason),
      html`<time datetime="${dueAt.toISOString()}" title="in ${toLength(dueAt.getTime() - now.getTime())}"
        >${toShortDateAndClock(dueAt)}</time
      >`,
    ]),
    { empty: 'No lead waits for another attempt.' },
  )}
  ${moreRetries ? html`<p class="hint">These are the next ${retries.length}. <a href="/leads?status=new">All new leads</a></p>` : ''}`;
  return section('Retries waiting', html`<div id="retries-live" data-live>${body}</div>`, {
    hint: 'Soonest first.',
    wide: true,
  });
}

function switchCard(shown: Shown, dialling: DiallingState | undefined): Piece {
  const stopped = dialling !== undefined && dialling.state !== 'running';
  const told =
    dialling === undefined
      ? html`<p>The dispatcher does not answer. Use its admin port instead: <code>POST /v1/dialling/stop</code>.</p>`
      : stopped
        ? html`<p>
            ${badge(dialling.state === 'stopped' ? 'stopped' : 'stopping', dialling.state === 'stopped' ? 'bad' : 'wait')}
            by
            ${dialling.stoppedBy ?? 'somebody'}${dialling.stoppedAt === null ? '' : ` at ${toShortDateAndClock(new Date(dialling.stoppedAt))}`}:
            ${dialling.reason ?? 'no reason given'}.
            ${dialling.onTheirWay > 0 ? html`${dialling.onTheirWay} dials may still ring.` : 'No phone will start to ring.'}
          </p>`
        : html`<p>Leads are dialled as they come. Stopping lets calls in progress go on.</p>`;
  const form = stopped
    ? reasonForm(shown, { action: '/dialling/start', button: 'Start dialling', id: 'switch' })
    : reasonForm(shown, { action: '/dialling/stop', button: 'Stop dialling', id: 'switch', danger: true });
  return section('Stop switch', html`<div id="switch-live" data-live="${stopped ? 2_000 : ''}">${told} ${form}</div>`);
}
