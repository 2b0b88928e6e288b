import { findPromtool } from './find-promtool.ts';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { toDashboard } from '../../deploy/grafana/to-dashboard.ts';
import { exprsOf } from './exprs-of.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const folder = join(root, 'deploy/alerts');
const tools = join(root, '.leadline/tools');

test('the rules can be read, and fire when they should and not before', async (ctx) => {
  const promtool = await findPromtool(tools).catch((error: unknown) => ctx.skip(String(error)));
  await run(promtool, ['check', 'rules', 'leadline.rules.yaml'], { cwd: folder });
  const { stdout } = await run(promtool, ['test', 'rules', 'leadline.rules.test.yaml'], { cwd: folder });
  expect(stdout).toContain('SUCCESS');
});

test('what the panels ask for is PromQL', async (ctx) => {
  const promtool = await findPromtool(tools).catch((error: unknown) => ctx.skip(String(error)));
  const asked = exprsOf(toDashboard()).map((expr) => expr.replaceAll('$__rate_interval', '5m'));
  const rules = asked.map((expr, index) => ({ record: `panel:${index}`, expr }));
  const temporary = mkdtempSync(join(tmpdir(), 'leadline-panels-'));
  try {
    // JSON is YAML.
    writeFileSync(join(temporary, 'panels.yaml'), JSON.stringify({ groups: [{ name: 'panels', rules }] }));
    const { stdout } = await run(promtool, ['check', 'rules', 'panels.yaml'], { cwd: temporary });
    expect(stdout).toContain(`SUCCESS: ${asked.length} rules found`);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
});
