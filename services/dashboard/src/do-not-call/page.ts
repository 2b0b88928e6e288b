import type { DoNotCallState } from '@leadline/contracts/commands/do-not-call';
import { html } from 'hono/html';
import { toDateAndClock } from '../web/indian-format.ts';
import { badge, hiddenToken, layout, reasonForm, section, type Piece, type Shown } from '../web/layout.ts';

export function doNotCallPage(shown: Shown, looked?: { phone: string; found: DoNotCallState }): Piece {
  const operator = shown.session.user.role === 'operator';
  return layout(
    shown,
    {
      title: 'Do not call',
      at: '/do-not-call',
      intro: 'Numbers that we never call, however a lead writes them.',
    },
    operator
      ? html`<div class="grid">${lookUpCard(shown, looked)} ${addCard(shown)} ${importCard(shown)}</div>`
      : html`<p class="empty">Numbers are for operators only.</p>`,
  );
}

function phoneInput(id: string, value = ''): Piece {
  return html`<div class="field">
    <label for="${id}">Phone number</label>
    <input id="${id}" name="phone" type="tel" autocomplete="off" required maxlength="100" value="${value}" />
  </div>`;
}

function lookUpCard(shown: Shown, looked: { phone: string; found: DoNotCallState } | undefined): Piece {
  const result =
    looked === undefined
      ? ''
      : html`<div role="status" class="result">
          <p>
            <span class="phone">${looked.phone}</span>
            ${looked.found.onTheList ? badge('never called', 'bad') : badge('may be called', 'good')}
          </p>
          ${
            looked.found.onTheList
              ? html`<p class="muted">
                  ${looked.found.reason ?? 'no reason given'}${looked.found.since === null ? '' : `, since ${toDateAndClock(new Date(looked.found.since))} IST`}
                </p>`
              : ''
          }
          ${
            looked.found.onTheList
              ? reasonForm(shown, {
                  action: '/do-not-call/remove',
                  button: 'Take off the list',
                  id: 'remove',
                  danger: true,
                  fields: html`<input type="hidden" name="phone" value="${looked.phone}" />`,
                })
              : ''
          }
        </div>`;
  return section(
    'Look up a number',
    html`<form class="reason" method="post" action="/do-not-call/look-up">
        ${hiddenToken(shown.session)} ${phoneInput('look-up-phone', looked?.phone)}
        <button class="primary">Look up</button>
      </form>
      ${result}`,
  );
}

function addCard(shown: Shown): Piece {
  return section(
    'Add a number',
    reasonForm(shown, { action: '/do-not-call/add', button: 'Add', id: 'add', fields: phoneInput('add-phone') }),
  );
}

function importCard(shown: Shown): Piece {
  return section(
    'Import a list',
    html`<form class="stack" method="post" action="/do-not-call/import" enctype="multipart/form-data">
      ${hiddenToken(shown.session)}
      <div class="field">
        <label for="numbers">One number a line</label>
        <textarea id="numbers" name="numbers" rows="5" spellcheck="false"></textarea>
      </div>
      <div class="field">
        <label for="file">Or a text file</label>
        <input id="file" name="file" type="file" accept=".txt,.csv,text/plain,text/csv" />
      </div>
      <div class="field">
        <label for="import-reason">Reason</label>
        <input
          id="import-reason"
          name="reason"
          required
          maxlength="300"
          autocomplete="off"
          placeholder="Kept in the audit"
        />
      </div>
      <button class="primary">Import</button>
    </form>`,
    { hint: 'Numbers that are on the list already stay as they are.', wide: true },
  );
}
