// Takes the page anew when something happened, and now and then, and puts its live parts in place. What a person is in the
// middle of typing stays. Without this script a page shows what was so when it was loaded.
'use strict';
const liveParts = () => [...document.querySelectorAll('[data-live]')];
const busy = (part) =>
  part.contains(document.activeElement) ||
  [...part.querySelectorAll('input:not([type=hidden])')].some((input) => input.value !== input.defaultValue);

async function refresh() {
  if (document.hidden) return;
  const response = await fetch(location.href, { headers: { accept: 'text/html' } });
  if (!response.ok || response.redirected) return;
  const fresh = new DOMParser().parseFromString(await response.text(), 'text/html');
  for (const part of liveParts()) {
    const next = fresh.getElementById(part.id);
    if (next === null || busy(part) || part.innerHTML === next.innerHTML) continue;
    part.replaceChildren(...next.childNodes);
    part.dataset.live = next.dataset.live;
  }
}
const quietly = () => refresh().catch(() => undefined);

// Each part says how long it is good for, in milliseconds.
const goOn = () => {
  const shortest = Math.min(...liveParts().map((part) => Number(part.dataset.live) || 10000));
  setTimeout(() => void quietly().then(goOn), shortest);
};
goOn();

let waiting;
new EventSource('/live/stream?quiet=1').addEventListener('event', () => {
  waiting ??= setTimeout(() => {
    waiting = undefined;
    void quietly();
  }, 1000);
});
document.addEventListener('visibilitychange', () => void quietly());
