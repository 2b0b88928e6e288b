import { html } from 'hono/html';
import { assetUrls } from './assets.ts';
import { formToken, type Session } from '../accounts/sessions.ts';

/** The result of `html`: escaped, and safe inside other pieces. */
export type Piece = ReturnType<typeof html>;

export type Notice = { kind: 'done' | 'refused'; text: string };

/** What every page gets. */
export type Shown = { session: Session; notice?: Notice | undefined };

const places = [
  ['/', 'Today'],
  ['/hot', 'Hot now'],
  ['/minutes', 'Minutes'],
  ['/reached', 'Reached'],
  ['/leads', 'Leads'],
  ['/sources', 'Sources'],
  ['/import', 'Import'],
  ['/live', 'Live'],
  ['/dead-letters', 'Dead letters'],
  ['/do-not-call', 'Do not call'],
  ['/audit', 'Audit'],
] as const;

const references = [
  ['/reference/events', 'Events'],
  ['/reference/commands', 'Commands'],
  ['/reference/http', 'HTTP API'],
] as const;

/** The frame of a page: navigation, the person's name, and the page's own part under its heading. */
export function layout(
  shown: Shown,
  page: {
    title: string;
    at: string;
    intro?: Piece | string;
    aside?: Piece;
    scripts?: readonly string[];
  },
  body: Piece,
): Piece {
  const { session, notice } = shown;
  const link = ([path, name]: readonly [string, string]): Piece =>
    html`<li><a href="${path}" ${page.at === path ? html`aria-current="page"` : ''}>${name}</a></li>`;
  return document(
    page.title,
    html`<a class="skip" href="#main">Skip to the page</a>
      <div class="frame">
        <header class="side">
          <a class="brand" href="/"><img src="${assetUrls.mark}" alt="" width="22" height="22" />Leadline</a>
          <nav aria-label="Pages">
            <ul>
              ${places.map(link)}
            </ul>
          </nav>
          <nav aria-label="Reference" class="reference">
            <p class="label" id="reference-label">Reference</p>
            <ul aria-labelledby="reference-label">
              ${references.map(link)}
            </ul>
          </nav>
          <form class="who" method="post" action="/logout">
            ${hiddenToken(session)}
            <p><span class="name">${session.user.name}</span> <span class="role">${session.user.role}</span></p>
            <button class="quiet">Log out</button>
          </form>
        </header>
        <main id="main" tabindex="-1">
          <div class="heading">
            <div>
              <h1>${page.title}</h1>
              ${page.intro === undefined ? '' : html`<p class="intro">${page.intro}</p>`}
            </div>
            ${page.aside ?? ''}
          </div>
          ${notice === undefined ? '' : html`<p class="notice ${notice.kind}" role="status">${notice.text}</p>`} ${body}
        </main>
      </div>`,
    page,
  );
}

/** A whole document. Everything that it loads comes from this server. */
export function document(title: string, body: Piece, options: { scripts?: readonly string[] } = {}): Piece {
  return html`<!doctype html>
    <html lang="en-IN">
      <head>
        <meta charset="utf-8" />
        <title>${title} · Leadline</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <link rel="stylesheet" href="${assetUrls.style}" />
        <link rel="icon" href="${assetUrls.mark}" type="image/svg+xml" />
        ${(options.scripts ?? []).map((src) => html`<script src="${src}" defer></script>`)}
      </head>
      <body>
        ${body}
      </body>
    </html>`;
}

/** Forms of this session are refused without it. */
export function hiddenToken(session: Session): Piece {
  return html`<input type="hidden" name="form_token" value="${formToken(session)}" />`;
}

/** A form that changes something and asks why; empty for viewers. */
export function reasonForm(
  { session }: Shown,
  form: {
    action: string;
    button: string;
    label?: string;
    danger?: boolean;
    id: string;
    fields?: Piece;
    placeholder?: string;
  },
): Piece {
  if (session.user.role !== 'operator') return html``;
  return html`<form class="reason" method="post" action="${form.action}">
    ${hiddenToken(session)} ${form.fields ?? ''}
    <div class="field grow">
      <label for="${form.id}-reason">${form.label ?? 'Reason'}</label>
      <input
        id="${form.id}-reason"
        name="reason"
        required
        maxlength="300"
        autocomplete="off"
        placeholder="${form.placeholder ?? 'Kept in the audit'}"
      />
    </div>
    <button class="${form.danger === true ? 'danger' : 'primary'}">${form.button}</button>
  </form>`;
}

export function section(
  title: string,
  body: Piece,
  options: { hint?: Piece | string; id?: string; wide?: boolean } = {},
): Piece {
  // Not the bare word, because fields and lists of a page have such ids.
  const id = options.id ?? `about-${title.toLowerCase().replaceAll(/[^a-z]+/g, '-')}`;
  return html`<section class="card ${options.wide === true ? 'wide' : ''}" aria-labelledby="${id}">
    <h2 id="${id}">${title}</h2>
    ${options.hint === undefined ? '' : html`<p class="hint">${options.hint}</p>`} ${body}
  </section>`;
}

/**
 * A table that screen readers can read. The first column names the row; numbers are right-aligned; phones hide spare
 * columns.
 */
export function table(
  caption: string,
  columns: readonly { name: string; number?: boolean; hidden?: boolean; spare?: boolean }[],
  rows: readonly (readonly (Piece | string | number)[])[],
  options: { empty?: string; foot?: readonly (Piece | string | number)[]; captionShown?: boolean } = {},
): Piece {
  if (rows.length === 0) return html`<p class="empty">${options.empty ?? 'Nothing here.'}</p>`;
  const cell = (value: Piece | string | number, place: number): Piece => {
    const kind = kindOf(columns[place]);
    return place === 0 ? html`<th scope="row" class="${kind}">${value}</th>` : html`<td class="${kind}">${value}</td>`;
  };
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}">
    <table>
      <caption class="${options.captionShown === true ? '' : 'unseen'}">
        ${caption}
      </caption>
      <thead>
        <tr>
          ${columns.map(
            ({ name, hidden, ...column }) =>
              html`<th scope="col" class="${kindOf(column)}">
                ${hidden === true ? html`<span class="unseen">${name}</span>` : name}
              </th>`,
          )}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map(cell)}
            </tr>`,
        )}
      </tbody>
      ${
        options.foot === undefined
          ? ''
          : html`<tfoot>
              <tr>
                ${options.foot.map(cell)}
              </tr>
            </tfoot>`
      }
    </table>
  </div>`;
}

function kindOf(column: { number?: boolean; spare?: boolean } | undefined): string {
  return [column?.number === true ? 'number' : '', column?.spare === true ? 'spare' : ''].join(' ').trim();
}

/** A coloured state. The word alone is enough without the colour. */
export function badge(text: string, tone: 'good' | 'bad' | 'wait' | 'plain' = 'plain'): Piece {
  return html`<span class="badge ${tone}">${text}</span>`;
}
