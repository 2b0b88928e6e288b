import { html } from 'hono/html';
import { document, type Piece } from './layout.ts';

export function faultPage(title: string, what: string): Piece {
  return document(
    title,
    html`<main class="login" id="main">
      <div class="card">
        <h1>${title}</h1>
        <p>${what}</p>
        <p><a href="/">To today’s page</a></p>
      </div>
    </main>`,
  );
}
