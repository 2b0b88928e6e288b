import * as Plot from '@observablehq/plot';
import { raw } from 'hono/html';
import { parseHTML } from 'linkedom';
import { toDayName } from '../web/indian-format.ts';
import type { Piece } from '../web/layout.ts';

/** Stacked bars for each day, drawn here so that the page needs no script. The table beside them has the numbers. */
export function drawDays(
  title: string,
  unit: string,
  days: readonly { day: string; parts: readonly { name: string; value: number }[] }[],
): Piece {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const bars = days.flatMap(({ day, parts }) => parts.map(({ name, value }) => ({ day, name, value })));
  const names = [...new Set(bars.map(({ name }) => name))];
  const highest = Math.max(1, ...days.map(({ parts }) => parts.reduce((sum, { value }) => sum + value, 0)));
  const svg = Plot.plot({
    document,
    width: 960,
    height: 240,
    marginLeft: 48,
    marginRight: 8,
    marginBottom: 28,
    x: {
      type: 'band',
      domain: days.map(({ day }) => day),
      label: null,
      tickFormat: (day: string) => String(Number(day.slice(8))),
      tickSize: 0,
      padding: 0.25,
    },
    y: { domain: [0, highest], label: unit, ticks: 4, tickSize: 0, nice: true },
    color: { domain: names, range: ['var(--series-1)', 'var(--series-2)', 'var(--series-3)', 'var(--series-4)'] },
    marks: [
      Plot.gridY({ ticks: 4, strokeOpacity: 0.12 }),
      Plot.barY(bars, {
        x: 'day',
        y: 'value',
        fill: 'name',
        order: names,
        title: (bar: (typeof bars)[number]) => `${toDayName(bar.day)}: ${bar.value.toFixed(1)} ${bar.name}`,
        rx: 2,
      }),
      Plot.ruleY([0], { strokeOpacity: 0.4 }),
    ],
  });
  // The style sheet sets these, because the page allows no inline styles.
  for (const style of svg.querySelectorAll('style')) style.remove();
  for (const styled of svg.querySelectorAll('[style]')) styled.removeAttribute('style');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', title);
  svg.setAttribute('class', 'plot');
  for (const part of svg.querySelectorAll('[aria-label]')) part.removeAttribute('aria-label');
  return raw(svg.outerHTML);
}
