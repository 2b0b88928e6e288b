import { streams } from '@leadline/messaging/topology';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { everyMetric, untoldIn } from './every-metric.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const rules = z
  .object({ groups: z.array(z.object({ rules: z.array(z.object({ alert: z.string(), expr: z.string() })) })) })
  .parse(parse(read('deploy/alerts/leadline.rules.yaml')))
  .groups.flatMap((group) => group.rules);
const cases = z
  .object({
    tests: z.array(
      z.object({ alert_rule_test: z.array(z.object({ alertname: z.string(), exp_alerts: z.array(z.unknown()) })) }),
    ),
  })
  .parse(parse(read('deploy/alerts/leadline.rules.test.yaml')))
  .tests.flatMap((group) => group.alert_rule_test);
const names = rules.map(({ alert }) => alert);

test('each alert is tested to fire', () => {
  const fires = cases.filter(({ exp_alerts }) => exp_alerts.length > 0).map(({ alertname }) => alertname);
  expect(new Set(fires)).toEqual(new Set(names));
});

test('each alert has its entry in docs/operate/alerts.md, and each entry its alert', () => {
  const entries = read('docs/operate/alerts.md').split('\n## ').slice(1);
  expect(entries.map((entry) => entry.split('\n')[0])).toEqual(names);
  for (const entry of entries) for (const part of ['**Means**', '**Look at**', '**Do**']) expect(entry).toContain(part);
});

test('each stream has its alert, which knows how large it is and what it does when it is full', () => {
  const exprs = { new: 'LeadlineStreamNearlyFull', old: 'LeadlineOldestDropped' };
  for (const [name, { maxBytes, discard }] of Object.entries(streams)) {
    const expr = rules.find(({ alert }) => alert === exprs[discard])?.expr ?? '';
    const limit = new RegExp(`[="|]${name}["|][^>]*> 0\\.8 \\* (\\d+)`).exec(expr)?.[1];
    expect([name, Number(limit)]).toEqual([name, maxBytes]);
  }
});

test('each metric and label in the rules is one that a service tells', async () => {
  const told = await everyMetric();
  expect(rules.flatMap(({ expr }) => untoldIn(expr, told))).toEqual([]);
  expect(untoldIn('rate(leadline_typo_total{source="website"}[5m])', told)).toEqual(['leadline_typo_total']);
  expect(untoldIn('leadline_ready{pard="nats"}', told)).toEqual(['leadline_ready{pard}']);
});
