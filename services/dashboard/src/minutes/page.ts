import { toWords } from '@leadline/contracts/to-event-words';
import { html } from 'hono/html';
import { drawDays } from './chart.ts';
import { toCount, toDayName, toMinutes, toMonthName, toRupees } from '../web/indian-format.ts';
import { daysOfMonth } from '../web/calendar.ts';
import type { MinutesFigures, Rates } from '../minutes-rule.ts';
import type { Group, MinutesFilter, MonthReport } from './read.ts';
import { layout, section, table, type Piece, type Shown } from '../web/layout.ts';

type MinutesPage = {
  report: MonthReport;
  months: readonly string[];
  filter: MinutesFilter;
  /** All sources and modes of the month, even those that the filter hides. */
  choices: { sources: readonly string[]; modes: readonly string[] };
  rates: Rates;
  pulseSeconds: number;
};

export function minutesPage(shown: Shown, page: MinutesPage): Piece {
  const { report, rates } = page;
  const { total } = report;
  return layout(
    shown,
    {
      title: 'Minutes',
      at: '/minutes',
      intro: `${toMonthName(report.month)}, by the Indian day on which each call began`,
      aside: html`<a class="button" href="/minutes.csv?${toQuery(report.month, page.filter)}">Download CSV</a>`,
    },
    html`${filterForm(page)}
      <dl class="tiles">
        ${tile('Minutes', toMinutes(total.minutes), total.estimatedMinutes === 0 ? `${toCount(total.calls)} calls` : `${toMinutes(total.estimatedMinutes)} of them estimated`)}
        ${tile('Talk minutes', toMinutes(total.talkMinutes), `${toCount(total.answered)} answered`)}
        ${tile('Billed pulses', toCount(total.pulses), `of ${page.pulseSeconds} s each`)}
        ${tile('Cost', rates.rupeesPerPulse === 0 ? '–' : toRupees(total.rupees), rates.rupeesPerPulse === 0 ? 'RUPEES_PER_PULSE is not set' : `${toRupees(rates.rupeesPerPulse)} a pulse`)}
        ${tile('Per qualified lead', total.rupeesPerQualified === undefined || rates.rupeesPerPulse === 0 ? '–' : toRupees(total.rupeesPerQualified), `${toCount(total.qualified)} qualified`)}
      </dl>
      ${section('By day', html`${chart(report)} ${figures({ caption: 'Minutes by day', first: 'Day', groups: report.byDay, toName: toDayName, rates, total })}`, { wide: true })}
      ${section('By source', figures({ caption: 'Minutes by source', first: 'Source', groups: report.bySource, toName: String, rates }), { wide: true })}
      ${section('By agent mode', figures({ caption: 'Minutes by agent mode', first: 'Mode', groups: report.byMode, toName: toWords, rates }), { wide: true })}
      <p class="hint rule">
        A finished call counts its recorded duration, else its end minus its start. A success without either, from
        before Leadline, counts ${rates.estimateMinutes} minutes and is shown as estimated; it has no talk time and no
        pulses.
      </p>`,
  );
}

function tile(name: string, value: string, hint: string): Piece {
  return html`<div class="tile">
    <dt>${name}</dt>
    <dd><span class="value">${value}</span> <span class="hint">${hint}</span></dd>
  </div>`;
}

function chart(report: MonthReport): Piece {
  if (report.byDay.length === 0) return html``;
  const known = new Map(report.byDay.map(({ key, figures: day }) => [key, day]));
  const estimates = report.total.estimatedMinutes > 0;
  const days = daysOfMonth(report.month).map((day) => {
    const { minutes = 0, estimatedMinutes = 0 } = known.get(day) ?? {};
    const recorded = { name: 'recorded', value: minutes - estimatedMinutes };
    return { day, parts: estimates ? [recorded, { name: 'estimated', value: estimatedMinutes }] : [recorded] };
  });
  return html`<figure>
    ${drawDays(`Minutes on each day of ${toMonthName(report.month)}; the numbers are in the table below`, 'minutes', days)}
    ${
      estimates
        ? html`<figcaption class="legend">
            <span class="key one"></span> recorded <span class="key two"></span> estimated
          </figcaption>`
        : ''
    }
  </figure>`;
}

function figures({
  caption,
  first,
  groups,
  toName,
  rates,
  total,
}: {
  caption: string;
  /** The first column's name. */
  first: string;
  groups: readonly Group[];
  toName: (key: string) => string;
  rates: Rates;
  total?: MinutesFigures;
}): Piece {
  const line = (name: string, row: MinutesFigures): string[] => [
    name,
    toCount(row.calls),
    toCount(row.qualified),
    toMinutes(row.minutes),
    row.estimatedMinutes === 0 ? '–' : toMinutes(row.estimatedMinutes),
    toMinutes(row.talkMinutes),
    toCount(row.pulses),
    rates.rupeesPerPulse === 0 ? '–' : toRupees(row.rupees),
    row.rupeesPerQualified === undefined || rates.rupeesPerPulse === 0 ? '–' : toRupees(row.rupeesPerQualified),
  ];
  return table(
    caption,
    [
      { name: first },
      ...['Calls', 'Qualified', 'Minutes', 'Estimated', 'Talk', 'Pulses', 'Cost', '₹ per qualified'].map((name) => ({
        name,
        number: true,
        spare: ['Qualified', 'Estimated', 'Pulses', '₹ per qualified'].includes(name),
      })),
    ],
    groups.map(({ key, figures: groupFigures }) => line(toName(key), groupFigures)),
    { empty: 'No calls in this month.', ...(total === undefined ? {} : { foot: line('Month', total) }) },
  );
}

function filterForm({ report, months, filter, choices }: MinutesPage): Piece {
  const option = (value: string, text: string, chosen: string | undefined): Piece =>
    html`<option value="${value}" ${value === (chosen ?? '') ? html`selected` : ''}>${text}</option>`;
  const listed = months.includes(report.month) ? months : [report.month, ...months];
  return html`<form class="filter" method="get" action="/minutes">
    <div class="field">
      <label for="month">Month</label>
      <select id="month" name="month">
        ${listed.map((month) => option(month, toMonthName(month), report.month))}
      </select>
    </div>
    <div class="field">
      <label for="source">Source</label>
      <select id="source" name="source">
        ${option('', 'All', filter.source)} ${choices.sources.map((source) => option(source, source, filter.source))}
      </select>
    </div>
    <div class="field">
      <label for="mode">Agent mode</label>
      <select id="mode" name="mode">
        ${option('', 'All', filter.mode)} ${choices.modes.map((mode) => option(mode, toWords(mode), filter.mode))}
      </select>
    </div>
    <button class="primary">Show</button>
  </form>`;
}

function toQuery(month: string, filter: MinutesFilter): string {
  const query = new URLSearchParams({ month });
  if (filter.source !== undefined) query.set('source', filter.source);
  if (filter.mode !== undefined) query.set('mode', filter.mode);
  return query.toString();
}
