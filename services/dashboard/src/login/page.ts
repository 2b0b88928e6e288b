import { html } from 'hono/html';
import { assetUrls } from '../web/assets.ts';
import { document, type Piece } from '../web/layout.ts';

export function loginPage(page: { next: string; name?: string; fault?: string; singleSignOn: boolean }): Piece {
  return document(
    'Log in',
    html`<main class="login" id="main">
      <div class="card">
        <p class="brand"><img src="${assetUrls.mark}" alt="" width="28" height="28" />Leadline</p>
        <h1>Log in</h1>
        ${page.fault === undefined ? '' : html`<p class="notice refused" role="alert">${page.fault}</p>`}
        <form method="post" action="/login">
          <input type="hidden" name="next" value="${page.next}" />
          <div class="field">
            <label for="name">Name</label>
            <input
              id="name"
              name="name"
              autocomplete="username"
              autocapitalize="none"
              spellcheck="false"
              required
              value="${page.name ?? ''}"
            />
          </div>
          <div class="field">
            <label for="password">Password</label>
            <input id="password" name="password" type="password" autocomplete="current-password" required />
          </div>
          <button class="primary">Log in</button>
        </form>
        ${
          page.singleSignOn
            ? html`<p class="or">or</p>
                <a class="button" href="/login/sso?next=${encodeURIComponent(page.next)}"
                  >Log in with your organisation</a
                >`
            : ''
        }
      </div>
    </main>`,
  );
}
