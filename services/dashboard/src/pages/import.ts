import type { Counts, ImportHeader, RowResult } from '@leadline/lead-file/import-lead-file';
import { html } from 'hono/html';
import { assetUrls } from '../assets.ts';
import { toWords } from '../indian-format.ts';
import { hiddenToken, layout, section, table, type Piece, type Shown } from './layout.ts';

/** Of those that were not accepted. */
export const rowsShown = 500;

export type ImportDone = {
  file: string;
  dryRun: boolean;
  counts: Counts;
  header: ImportHeader;
  /** Not accepted, the first of them. */
  rows: readonly RowResult[];
};

export function importPage(shown: Shown, came?: { source: string; done?: ImportDone }): Piece {
  const operator = shown.session.user.role === 'operator';
  return layout(
    shown,
    {
      title: 'Import',
      at: '/import',
      intro: 'Leads from a CSV file. The same file again adds nothing twice.',
      scripts: [assetUrls.import],
    },
    operator
      ? html`${formCard(shown, came?.source ?? 'csv')}
          <div id="import-result" aria-live="polite">${came?.done === undefined ? '' : resultCard(came.done)}</div>`
      : html`<p class="empty">Files are for operators only.</p>`,
  );
}

function formCard(shown: Shown, source: string): Piece {
  return section(
    'A file',
    html`<form id="import-form" class="stack" method="post" action="/import" enctype="multipart/form-data">
      ${hiddenToken(shown.session)}
      <div class="field">
        <label for="file">CSV file</label>
        <input id="file" name="file" type="file" accept=".csv,.tsv,.txt,text/csv,text/plain" required />
      </div>
      <div class="field">
        <label for="source">Source</label>
        <input id="source" name="source" required maxlength="63" autocomplete="off" value="${source}" />
      </div>
      <div class="buttons">
        <button class="primary" name="mode" value="look">Look through it</button>
        <button name="mode" value="import">Import</button>
      </div>
      <p id="import-progress" role="status" hidden></p>
    </form>`,
    {
      wide: true,
      hint: html`UTF-8, with a header; commas, semicolons or tabs; up to 20 MB (<code>leadline leads import</code> takes
        any size). Columns are known by their usual names: phone, name, product, city, message, lead id. Leads are
        called as soon as it may be.`,
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
      </dl>
      <p class="muted">Columns: ${taken.join(', ')}.${unused.length === 0 ? '' : ` Not used: ${unused.join(', ')}.`}</p>
      ${table(
        'Rows that were not accepted',
        [{ name: 'Row', number: true }, { name: 'Result' }, { name: 'Lead' }, { name: 'Why' }],
        rows.map((one) => [
          one.row,
          one.result,
          one.leadId === null ? '–' : html`<a href="/leads/${one.leadId}">lead ${one.leadId}</a>`,
          one.faults.map(({ pointer, detail }) => `${pointer.slice(1)} ${detail}`.trim()).join('; ') || '–',
        ]),
        { empty: 'Every row was accepted.' },
      )}
      ${rows.length === rowsShown ? html`<p class="muted">The first ${rowsShown} of them.</p>` : ''}`,
    { wide: true, id: 'import-result-heading' },
  );
}
