import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const rules = join(import.meta.dirname, '../../deploy/alerts/leadline.rules.yaml');

/** Series as they are told, with their values. */
export type Scrape = Map<string, number>;

/** All that these services tell of themselves; one that does not answer tells nothing. */
export async function scrape(adminUrls: readonly string[]): Promise<Scrape> {
  const found: Scrape = new Map();
  for (const url of adminUrls) {
    const text = await fetch(`${url}/metrics`).then(
      (answer) => answer.text(),
      () => '',
    );
    for (const line of text.split('\n')) {
      const [, series, value] = /^((?:leadline_|nodejs_eventloop_lag_p99)[^ ]*) (\S+)$/.exec(line) ?? [];
      if (series !== undefined) found.set(series, Number(value));
    }
  }
  return found;
}

/** A state that was reached: what was told before it, and in it. */
export type Reached = { alert: string; before: Scrape; after: Scrape; heldMinutes: number };

const calmMinutes = 20;

/**
 * Asks the real rules whether each alert fires when its state is held, and whether none does in what was told first.
 * @throws Error with promtool's words
 */
export async function checkFiring(promtool: string, calm: Scrape, states: readonly Reached[], alwaysThere: string[]) {
  const quiet = {
    name: 'calm',
    interval: '1m',
    input_series: [...calm].map(([series, value]) => ({ series, values: `${value}x${calmMinutes}` })),
    promql_expr_test: [
      {
        expr: `count(max_over_time(ALERTS{alertstate="firing", alertname!~"${alwaysThere.join('|')}"}[${calmMinutes}m]))`,
        eval_time: `${calmMinutes}m`,
        exp_samples: [],
      },
    ],
  };
  const tests = states.map(({ alert, before, after, heldMinutes }) => ({
    name: alert,
    interval: '1m',
    input_series: [...new Set([...before.keys(), ...after.keys()])].map((series) => ({
      series,
      values: `${told(before.get(series))}x4 ${told(after.get(series))}x${heldMinutes}`,
    })),
    promql_expr_test: [
      {
        expr: `count(max_over_time(ALERTS{alertname="${alert}", alertstate="firing"}[${heldMinutes + 5}m])) > bool 0`,
        eval_time: `${heldMinutes + 5}m`,
        exp_samples: [{ labels: '{}', value: 1 }],
      },
    ],
  }));
  const folder = mkdtempSync(join(tmpdir(), 'leadline-firing-'));
  try {
    const file = join(folder, 'firing.json');
    // JSON is YAML.
    writeFileSync(file, JSON.stringify({ rule_files: [rules], evaluation_interval: '1m', tests: [quiet, ...tests] }));
    await run(promtool, ['test', 'rules', file], { maxBuffer: 1e8 }).catch((error: unknown) => {
      const said = typeof error === 'object' && error !== null && 'stderr' in error ? String(error.stderr) : '';
      throw new Error(`promtool says: ${said.slice(0, 4_000)}`, { cause: error });
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function told(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? '_' : String(value);
}
