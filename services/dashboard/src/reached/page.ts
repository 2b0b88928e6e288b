import { dispositions } from '@leadline/contracts/disposition';
import { toWords } from '@leadline/contracts/to-event-words';
import { html } from 'hono/html';
import { toCount, toDayName, toMinutes, toMonthName, toPercent } from '../web/indian-format.ts';
import { layout, section, table, type Piece, type Shown } from '../web/layout.ts';
import type { Reached, ReachedGroup, ReachedReport } from './read.ts';

type ReachedPage = {
  report: ReachedReport;
  month: string;
  months: readonly string[];
  source: string | undefined;
  /** All sources of the month, also those that the filter leaves out. */
  sources: readonly string[];
};

export function reachedPage(shown: Shown, page: ReachedPage): Piece {
  const { report, month } = page;
  const { total } = report;
  return layout(
    shown,
    {
      title: 'Reached',
      at: '/reached',
      intro: `${toMonthName(month)}, by the Indian day on which each call began`,
      aside: html`<a class="button" href="/reached.csv?${toQuery(page)}">Download CSV</a>`,
    },
    html`${filterForm(page)}
      <dl class="tiles">
        ${tile('People reached', toCount(total.people), `of ${toCount(total.calls)} calls, ${toPercent(total.people, total.calls)}`)}
        ${tile('Machines', toCount(total.machines), 'voicemails, phone menus, screeners')}
        ${tile('Announcements', toCount(total.announcements), '“switched off”, “out of coverage”')}
        ${tile('Minutes with machines', toMinutes(total.machineMinutes), `${toCount(total.machinePulses)} pulses, in the minutes too`)}
      </dl>
      ${section('Who answered, by day', answerers('People and machines by day', 'Day', report.byDay, { toName: toDayName, total }), { wide: true })}
      ${section('Who answered, by source', answerers('People and machines by source', 'Source', report.bySource, { toName: String }), { wide: true })}
      ${section('What became of the talks, by day', outcomes('Outcomes by day', 'Day', report.byDay, { toName: toDayName, total }), { wide: true })}
      ${section('What became of the talks, by source', outcomes('Outcomes by source', 'Source', report.bySource, { toName: String }), { wide: true })}
      <p class="hint rule">
        A call is a machine’s if its agent said so and no useful answer was given. Calls of agents that do not say count
        as people when they were answered.
      </p>`,
  );
}

function tile(name: string, value: string, hint: string): Piece {
  return html`<div class="tile">
    <dt>${name}</dt>
    <dd><span class="value">${value}</span> <span class="hint">${hint}</span></dd>
  </div>`;
}

type Naming = { toName: (key: string) => string; total?: Reached };

function answerers(caption: string, first: string, groups: readonly ReachedGroup[], { toName, total }: Naming): Piece {
  const line = (name: string, reached: Reached): string[] => [
    name,
    toCount(reached.calls),
    toCount(reached.people),
    orDash(reached.machines),
    orDash(reached.announcements),
    reached.machineMinutes === 0 ? '–' : toMinutes(reached.machineMinutes),
  ];
  const spare = ['Calls', 'Machine min'];
  return table(
    caption,
    [
      { name: first },
      ...['Calls', 'People', 'Machines', 'Announced', 'Machine min'].map((name) => ({
        name,
        number: true,
        spare: spare.includes(name),
      })),
    ],
    groups.map(({ key, reached }) => line(toName(key), reached)),
    { empty: 'No finished call in this month.', ...(total === undefined ? {} : { foot: line('Month', total) }) },
  );
}

/** Only the columns that hold something. */
function outcomes(caption: string, first: string, groups: readonly ReachedGroup[], { toName, total }: Naming): Piece {
  const named = dispositions.options.filter((disposition) =>
    groups.some(({ reached }) => reached.dispositions.has(disposition)),
  );
  const line = (name: string, reached: Reached): string[] => [
    name,
    ...named.map((disposition) => orDash(reached.dispositions.get(disposition) ?? 0)),
  ];
  return table(
    caption,
    [{ name: first }, ...named.map((disposition) => ({ name: toTitle(disposition), number: true }))],
    groups.filter(({ reached }) => reached.dispositions.size > 0).map(({ key, reached }) => line(toName(key), reached)),
    { empty: 'No agent told in this month.', ...(total === undefined ? {} : { foot: line('Month', total) }) },
  );
}

function orDash(count: number): string {
  return count === 0 ? '–' : toCount(count);
}

function toTitle(disposition: string): string {
  const words = toWords(disposition);
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}

function filterForm({ month, months, source, sources }: ReachedPage): Piece {
  const option = (value: string, text: string, chosen: string): Piece =>
    html`<option value="${value}" ${value === chosen ? html`selected` : ''}>${text}</option>`;
  const listed = months.includes(month) ? months : [month, ...months];
  return html`<form class="filter" method="get" action="/reached">
    <div class="field">
      <label for="month">Month</label>
      <select id="month" name="month">
        ${listed.map((one) => option(one, toMonthName(one), month))}
      </select>
    </div>
    <div class="field">
      <label for="source">Source</label>
      <select id="source" name="source">
        ${option('', 'All', source ?? '')} ${sources.map((one) => option(one, one, source ?? ''))}
      </select>
    </div>
    <button class="primary">Show</button>
  </form>`;
}

function toQuery({ month, source }: ReachedPage): string {
  const query = new URLSearchParams({ month });
  if (source !== undefined) query.set('source', source);
  return query.toString();
}
