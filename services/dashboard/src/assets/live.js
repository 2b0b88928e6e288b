// Puts each event on top of the list as it comes. Without this script the page still shows the newest at each load.
'use strict';
const list = document.getElementById('event-list');
const pause = document.getElementById('pause');
const state = document.getElementById('live-state');
const empty = document.getElementById('no-events');
const most = 500;
let held = [];
let paused = false;

function show(markup) {
  const holder = document.createElement('template');
  holder.innerHTML = markup;
  const row = holder.content.firstElementChild;
  if (row === null || document.getElementById(row.id) !== null) return;
  row.classList.add('fresh');
  list.prepend(row);
  if (empty !== null) empty.hidden = true;
  while (list.children.length > most) list.lastElementChild.remove();
}

function tell(text, kind) {
  state.textContent = text;
  state.className = `badge ${kind}`;
}

pause.hidden = false;
pause.addEventListener('click', () => {
  paused = !paused;
  pause.setAttribute('aria-pressed', String(paused));
  pause.textContent = paused ? 'Go on' : 'Pause';
  if (!paused) {
    for (const markup of held) show(markup);
    held = [];
  }
  tell(paused ? 'paused' : 'live', paused ? 'wait' : 'good');
});

const stream = new EventSource(`/live/stream${location.search}`);
stream.addEventListener('open', () => tell(paused ? 'paused' : 'live', paused ? 'wait' : 'good'));
stream.addEventListener('error', () => tell('connecting', 'wait'));
stream.addEventListener('event', ({ data }) => {
  if (!paused) show(data);
  else {
    held = [...held.slice(1 - most), data];
    tell(`paused, ${held.length} waiting`, 'wait');
  }
});
