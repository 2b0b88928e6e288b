// Sends the file without leaving the page, so that it stays chosen: look through it first, then import it.
'use strict';
const form = document.getElementById('import-form');
const progress = document.getElementById('import-progress');
form?.addEventListener('submit', (submitted) => {
  submitted.preventDefault();
  const body = new FormData(form, submitted.submitter);
  const buttons = form.querySelectorAll('button');
  for (const button of buttons) button.disabled = true;
  progress.hidden = false;
  progress.textContent = body.get('mode') === 'look' ? 'Looking through the file …' : 'Importing …';
  send(body)
    .catch(() => {
      progress.hidden = false;
      progress.textContent = 'The file could not be sent. Send it again: nothing comes in twice.';
    })
    .finally(() => {
      for (const button of buttons) button.disabled = false;
    });
});
async function send(body) {
  const response = await fetch(form.action, { method: 'POST', body, headers: { accept: 'text/html' } });
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  const result = page.getElementById('import-result');
  const notice = page.querySelector('.notice') ?? page.querySelector('main p');
  progress.textContent = response.ok ? '' : (notice?.textContent ?? 'The file was refused.');
  progress.hidden = response.ok;
  document.getElementById('import-result').replaceChildren(...(result?.childNodes ?? []));
}
