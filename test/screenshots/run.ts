import type { RunFile } from '@leadline/local/run-file';
import { removeWithUs } from '@leadline/servers/reaper';
import { until } from '@leadline/testing/until';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import type { Page } from 'playwright-core';
import { findChromium, howToGetOne, openBrowser } from '../browser/open-browser.ts';
import { sendLeads } from './send-leads.ts';

// `npm run screenshots`: starts the simulated world with data of its own, lets leads come in, and takes the pictures of
// the dashboard that the documents show.
const root = join(import.meta.dirname, '../..');
const pictures = join(root, 'docs/pictures');
const maxBytes = 150_000;

const chromium = findChromium();
if (chromium === undefined) throw new Error(howToGetOne);
mkdirSync(join(root, '.leadline'), { recursive: true });
const folder = mkdtempSync(join(root, '.leadline', 'screenshots-'));
removeWithUs(folder);

const world = fork(join(root, 'packages/local/src/run.ts'), {
  cwd: root,
  env: { ...process.env, LEADLINE_STATE_DIR: folder },
  stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
});
try {
  await takePictures(await readRun(world));
} finally {
  if (world.exitCode === null) {
    world.kill('SIGTERM');
    await once(world, 'exit');
  }
}

/** Resolves once everything runs. */
function readRun(child: ChildProcess): Promise<RunFile> {
  const file = join(folder, 'run.json');
  return until(
    'the simulated world runs',
    () => {
      if (child.exitCode !== null) throw new Error('the simulated world ended');
      return existsSync(file) && (JSON.parse(readFileSync(file, 'utf8')) as RunFile);
    },
    120_000,
  );
}

async function takePictures(run: RunFile): Promise<void> {
  await addOldCalls(run);
  const lead = await sendLeads(run);
  const browser = await openBrowser(chromium ?? '');
  try {
    const page = await browser.newPage({ reducedMotion: 'reduce' });
    await logIn(page, run);
    await page.goto(`${run.dashboard}/leads/${lead}`);
    await page.getByText('in the CRM').first().waitFor({ timeout: 60_000 });
    await take(page, { name: 'lead', path: `/leads/${lead}`, height: 1_000 });
    await take(page, { name: 'minutes', path: '/minutes', height: 608 });
    await take(page, { name: 'today', path: '/', height: 652 });
  } finally {
    await browser.close();
  }
}

async function logIn(page: Page, { dashboard, dashboardUsers: { operator } }: RunFile): Promise<void> {
  await page.goto(dashboard);
  await page.getByLabel('Name').fill(operator.name);
  await page.getByLabel('Password').fill(operator.password);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Today', level: 1 }).waitFor();
}

/** The upper part of a page. */
async function take(page: Page, { name, path, height }: { name: string; path: string; height: number }): Promise<void> {
  await page.setViewportSize({ width: 1_200, height });
  await page.goto(new URL(path, page.url()).href);
  await page.getByRole('heading', { level: 1 }).waitFor();
  // Live parts fill themselves.
  await page.waitForTimeout(1_000);
  const file = join(pictures, `${name}.png`);
  await page.screenshot({ path: file });
  const { size } = statSync(file);
  if (size > maxBytes) throw new Error(`${file} has ${size} bytes: at most ${maxBytes}`);
  process.stdout.write(`${file}  ${size} bytes\n`);
}

/** Three weeks of calls as the old program left them, so that months and days have something to show. */
async function addOldCalls({ postgres }: RunFile): Promise<void> {
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  try {
    await client.query(
      `insert into calls (phone, source, status, agent_mode, call_started_at, answered_at, call_ended_at, duration_seconds)
       select '9000000000', (array['website', 'indiamart', 'justdial'])[1 + n % 3],
              case when n % 3 = 0 then 'failed' else 'pushed' end, case when n % 5 = 0 then 'openai_realtime' else 'sarvam' end,
              started, started + interval '8 seconds', started + length, extract(epoch from length)
         from (select n, now() - n * interval '97 minutes' - interval '1 day' as started,
                      (60 + n * 37 % 120) * interval '1 second' as length from generate_series(1, 300) as n) as old`,
    );
  } finally {
    await client.end();
  }
}
