import { toWords } from '@leadline/contracts/to-event-words';
import type { RowResult } from '@leadline/contracts/commands/imports';
import { datesQuestion, type Counts, type ImportHeader } from '@leadline/lead-file/import-lead-file';
import { html } from 'hono/html';
import { assetUrls } from '../web/assets.ts';
import { hiddenToken, layout, section, table, type Piece, type Shown } from '../web/layout.ts';

/** How many rows are shown that were not accepted or will not be called. */
export const rowsShown = 500;

export type ImportDone = {
  file: string;
  dryRun: boolean;
  counts: Counts;
  header: ImportHeader;
  /** The first of the rows that were not accepted or will not be called. */
  rows: readonly RowResult[];
};

/** The form's values for reading the file; empty where the person entered nothing. */
export type ImportAsked = {
  source: string;
  aliases: string;
  idColumn: string;
  dates: '' | 'day-first' | 'month-first';
  ringOld: '' | 'on';
};
const nothingAsked: ImportAsked = { source: '', aliases: '', idColumn: '', dates: '', ringOld: '' };

export function importPage(shown: Shown, came?: { asked: ImportAsked; done?: ImportDone }): Piece {
  const operator = shown.session.user.role === 'operator';
  return layout(
    shown,
    {
      title: 'Import',
      at: '/import',
      intro: 'Import leads from a CSV file. Importing the same file again adds nothing.',
      scripts: [assetUrls.import],
    },
    operator
      ? html`${formCard(shown, came?.asked ?? nothingAsked)}
          <div id="import-result" aria-live="polite">${came?.done === undefined ? '' : resultCard(came.done)}</div>`
      : html`<p class="empty">Only operators can import files.</p>`,
  );
}

const dateOrders = [
  ['', 'as the file shows'],
  ['day-first', 'the day: 30/11/2026'],
  ['month-first', 'the month: 11/30/2026'],
] as const;

function formCard(shown: Shown, { source, aliases, idColumn, dates, ringOld }: ImportAsked): Piece {
  return section(
    'A file',
    html`<form id="import-form" class="stack" method="post" action="/import" enctype="multipart/form-data">
      ${hiddenToken(shown.session)}
      <div class="field">
        <label for="file">CSV file</label>
        <input id="file" name="file" type="file" accept=".csv,.tsv,.txt,text/csv,text/plain" required />
      </div>
      <div class="field">
        <label for="source">Source (default: csv, or meta for Meta’s own file)</label>
        <input id="source" name="source" maxlength="63" autocomplete="off" value="${source}" />
      </div>
      <details ${aliases + idColumn + dates + ringOld === '' ? '' : 'open'}>
        <summary>If we read the file wrongly</summary>
        <div class="field">
          <label for="aliases">Its own names for columns, one on each line, such as phone=WhatsApp No</label>
          <textarea id="aliases" name="aliases" rows="2" maxlength="4000">${aliases}</textarea>
        </div>
        <div class="field">
          <label for="idColumn">The column with each row’s own id, even if it only counts rows</label>
          <input id="idColumn" name="idColumn" maxlength="200" autocomplete="off" value="${idColumn}" />
        </div>
        <div class="field">
          <label for="dates">What comes first in its dates</label>
          <select id="dates" name="dates">
            ${dateOrders.map(
              ([value, label]) => html`<option value="${value}" ${value === dates ? 'selected' : ''}>${label}</option>`,
            )}
          </select>
        </div>
        <label
          ><input type="checkbox" name="ringOld" ${ringOld === 'on' ? 'checked' : ''} /> Ring those too who are too old
          to be rung</label
        >
      </details>
      <div class="buttons">
        <button class="primary" name="mode" value="look">Look through it</button>
        <button name="mode" value="import">Import</button>
      </div>
      <p id="import-progress" role="status" hidden></p>
    </form>`,
    {
      wide: true,
      hint: html`UTF-8 or UTF-16, with a header; commas, semicolons or tabs; up to 20 MB (<code
          >leadline leads import</code
        >
        takes any size). Columns are known by their usual names: phone, name, product, city, message, lead id. Leads are
        called as soon as it may be; nobody is rung where a column “Do Not Call” or “DND” says yes.`,
    },
  );
}

function resultCard({ file, dryRun, counts, header, rows }: ImportDone): Piece {
  const taken = header.columns.flatMap(({ column, field }) =>
    field === null ? [] : [`${column} (${toWords(field)})`],
  );
  const unused = header.columns.flatMap(({ column, field }) => (field === null ? [column] : []));
  return section(
    dryRun ? `${file}: nothing is imported yet` : `${file} is imported`,
    html`<dl class="facts">
        <div>
          <dt>Rows</dt>
          <dd>${counts.rows}</dd>
        </div>
        <div>
          <dt>${dryRun ? 'Would be accepted' : 'Accepted'}</dt>
          <dd>${counts.accepted}</dd>
        </div>
        <div>
          <dt>Joined to an open lead</dt>
          <dd>${counts.joined}</dd>
        </div>
        <div>
          <dt>Here already</dt>
          <dd>${counts.duplicate}</dd>
        </div>
        <div>
          <dt>Rejected</dt>
          <dd>${counts.rejected}</dd>
        </div>
        <div>
          <dt>Not to be called</dt>
          <dd>${counts.doNotCall}</dd>
        </div>
        <div>
          <dt>Unclear whether to call, so not called</dt>
          <dd>${counts.unclearWish}</dd>
        </div>
        <div>
          <dt>Too old to be rung</dt>
          <dd>${counts.tooOld}</dd>
        </div>
      </dl>
      ${header.dates === 'unclear' ? html`<p class="notice refused">${file}: ${datesQuestion}.</p>` : ''}
      <p class="muted">
        Source ${header.source}. Columns:
        ${taken.join(', ')}.${unused.length === 0 ? '' : ` Not used: ${unused.join(', ')}.`}
      </p>
      ${table(
        'Rows that were not accepted, or are not called',
        [{ name: 'Row', number: true }, { name: 'Result' }, { name: 'Lead' }, { name: 'Why' }],
        rows.map((row) => [
          row.row,
          row.result,
          row.leadId === null ? '–' : html`<a href="/leads/${row.leadId}">lead ${row.leadId}</a>`,
          [...row.faults, ...row.notes]
            .map(({ pointer, detail }) => `${pointer.slice(1)} ${detail}`.trim())
            .join('; ') || '–',
        ]),
        { empty: 'Every row was accepted, and will be called.' },
      )}
      ${rows.length === rowsShown ? html`<p class="muted">Only the first ${rowsShown} are listed.</p>` : ''}`,
    { wide: true, id: 'import-result-heading' },
  );
}
