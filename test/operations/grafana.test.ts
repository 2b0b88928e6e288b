import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { toDashboard } from '../../deploy/grafana/to-dashboard.ts';
import { everyMetric, untoldIn } from './every-metric.ts';
import { exprsOf } from './exprs-of.ts';

test('the committed dashboard is the one that the code builds', () => {
  const committed: unknown = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../deploy/grafana/leadline.json'), 'utf8'),
  );
  // Else run node deploy/grafana/generate.ts.
  expect(committed).toEqual(JSON.parse(JSON.stringify(toDashboard())));
});

test('every panel asks for metrics and labels that a service tells', async () => {
  const told = await everyMetric();
  const exprs = exprsOf(toDashboard());
  expect(exprs.length).toBeGreaterThan(20);
  expect(exprs.flatMap((expr) => untoldIn(expr, told))).toEqual([]);
});
