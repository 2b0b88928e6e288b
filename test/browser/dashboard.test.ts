import { toHeaders } from '@leadline/contracts/envelope';
import { storeMessage } from '@leadline/messaging/stored-message';
import { testSettings } from '@leadline/world/test-settings';
import { silentLog } from '@leadline/testing/silent-log';
import { until } from '@leadline/testing/until';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, type TestContext } from 'vitest';
import { readDashboardConfig } from '../../services/dashboard/src/config.ts';
import { start, type Dashboard } from '../../services/dashboard/src/start.ts';
import { numberEnding, startSystem, type System } from '../e2e/system.ts';
import { examine, listenForFaults, tabTo } from './examine.ts';
import { findChromium, howToGetOne, openBrowser } from './open-browser.ts';

const chromium = findChromium();
const operator = { name: 'omkar', password: 'password-of-the-operator' };

let system: System;
let dashboard: Dashboard;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let faults: string[];

beforeAll(async () => {
  if (chromium === undefined) return;
  system = await startSystem();
  // Last month's, as the old program left them.
  await system.db.query(
    `insert into calls (phone, source, status, agent_mode, call_started_at, answered_at, call_ended_at, duration_seconds)
     select '9876543210', case when n % 3 = 0 then 'indiamart' else 'website' end,
            case when n % 4 = 0 then 'failed' else 'pushed' end, 'sarvam', started, started + interval '8 seconds',
            started + interval '90 seconds', 90
       from (select n, date_trunc('month', now() at time zone 'Asia/Kolkata') at time zone 'Asia/Kolkata'
                       - n * interval '13 hours' as started from generate_series(1, 40) as n) as all_of_them`,
  );
  const config = readDashboardConfig(
    testSettings('dashboard', system, {
      INGEST_URL: system.ingestUrl,
      RUPEES_PER_PULSE: '0.9',
      LEGACY_SUCCESS_CALL_ESTIMATE_MINUTES: '3',
      FIRST_USERS: `${operator.name}:operator:${operator.password}`,
    }),
  );
  dashboard = await start(config, {
    postgres: await system.db.open('dashboard', 10),
    nats: await system.nats.connect('dashboard'),
    opsNats: await system.nats.connect('ops'),
    fetch,
    now: (databaseTime) => databaseTime,
    log: silentLog,
  });
  browser = await openBrowser(chromium);
});
afterAll(async () => {
  if (chromium === undefined) return;
  await browser.close();
  await dashboard.stop();
  await system.stop();
});
beforeEach(async (given: TestContext) => {
  if (chromium === undefined) given.skip(howToGetOne);
  context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
  faults = listenForFaults(context, dashboard.url);
  context.setDefaultTimeout(120_000);
  page = await context.newPage();
  await page.goto(dashboard.url);
  await tabTo(page, page.getByLabel('Name'));
  await page.keyboard.type(operator.name);
  await page.keyboard.press('Tab');
  await page.keyboard.type(operator.password);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Today', level: 1 }).waitFor();
});
afterEach(async () => {
  if (chromium === undefined) return;
  await context.close();
  if (faults.length > 0) throw new Error(faults.join('\n'));
});

/** By the menu, as a person without a mouse goes there. */
async function goTo(name: string): Promise<void> {
  await tabTo(page, page.getByRole('link', { name, exact: true }));
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name, level: 1 }).waitFor();
}

async function giveReason(button: string, reason: string): Promise<void> {
  const form = page.locator('form', { has: page.getByRole('button', { name: button, exact: true }) });
  await tabTo(page, form.getByRole('textbox', { name: /^Reason|^Why you send/ }));
  await page.keyboard.type(reason);
  await tabTo(page, form.getByRole('button', { name: button, exact: true }));
  await page.keyboard.press('Enter');
}

test('the login page is for everybody', async () => {
  await tabTo(page, page.getByRole('button', { name: 'Log out' }));
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Log in' }).waitFor();
  await examine(page, 'login');
  await page.goto(`${dashboard.url}/minutes`);
  expect(new URL(page.url()).pathname).toBe('/login');
});

test('Today: dialling is stopped with the keyboard, nobody is rung, and it goes on again', async () => {
  await system.callIs(await system.post(numberEnding('042')), 'pushed');
  // It shows by itself.
  await page
    .locator('#funnel-live')
    .getByRole('row', { name: /In the CRM.* 1 / })
    .waitFor();
  await examine(page, 'today');
  await page.keyboard.press('Tab');
  await giveReason('Stop dialling', 'wrong script');
  await page.getByText('Dialling is stopped.').waitFor();
  const number = numberEnding('042');
  const lead = await system.post(number);
  await page.goto(`${dashboard.url}/leads/${lead}`);
  await page.getByText('because dialling is stopped').waitFor();
  expect(system.invites(number)).toBe(0);
  await goTo('Today');
  await giveReason('Start dialling', 'the script is mended');
  await page.getByText('Dialling goes on.').waitFor();
  await until('the lead is rung', () => system.invites(number) === 1);
  await goTo('Audit');
  const stop = page.getByRole('row', { name: /stop dialling/ });
  expect(await stop.textContent()).toMatch(/omkar[^]*wrong script/);
  await examine(page, 'audit');
});

test('Leads: one is found by its name, its story tells why it failed, and it is called once more', async () => {
  const number = numberEnding('486');
  const lead = await system.post(number, { name: 'Meera Iyer', sourceLeadId: 'WEB-17' });
  await system.leadIs(lead, 'failed');
  await goTo('Leads');
  await tabTo(page, page.getByLabel('Lead number, phone or name'));
  await page.keyboard.type('meera');
  await page.keyboard.press('Enter');
  await page.getByRole('row', { name: /Meera Iyer.*failed/ }).waitFor();
  await examine(page, 'leads');
  await tabTo(page, page.getByRole('link', { name: String(lead), exact: true }));
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: `Lead ${lead}` }).waitFor();
  const text = (await page.locator('main').textContent()) ?? '';
  expect(text).toMatch(/Given up: /);
  expect(text).toMatch(/The dial failed: rejected \(SIP 486\)/);
  expect(text.match(/Attempt \d/g)?.length).toBe(3);
  await examine(page, 'lead');
  const invites = system.invites(number);
  await page.keyboard.press('Tab');
  await giveReason('Call once more', 'she asked for it');
  await page.getByText('It is new again').waitFor();
  await until('the phone rings once more', () => system.invites(number) === invites + 1);
});

test('Live: events come by themselves, wait while it is paused, and are filtered by the server', async () => {
  await goTo('Live');
  await page.getByText('live', { exact: true }).waitFor();
  const first = await system.post(numberEnding('042'));
  await page
    .locator('#event-list')
    .getByRole('link', { name: `lead ${first}` })
    .first()
    .waitFor();
  await tabTo(page, page.getByRole('button', { name: 'Pause' }));
  await page.keyboard.press('Space');
  await examine(page, 'live');
  const second = await system.post(numberEnding('603'));
  await page.getByText(/paused, \d+ waiting/).waitFor();
  expect(
    await page
      .locator('#event-list')
      .getByRole('link', { name: `lead ${second}` })
      .count(),
  ).toBe(0);
  await page.keyboard.press('Space');
  await page
    .locator('#event-list')
    .getByRole('link', { name: `lead ${second}` })
    .first()
    .waitFor();
  await tabTo(page, page.getByLabel('Failed only'));
  await page.keyboard.press('Space');
  await page.keyboard.press('Enter');
  await page.waitForURL(/failed=yes/);
  const subjects = await page.locator('#event-list code').allTextContents();
  expect(subjects.length).toBeGreaterThan(0);
  expect(subjects.every((subject) => subject.endsWith('failed'))).toBe(true);
});

test('Dead letters: a broken one is mended and sent back, and all that match are tried', async () => {
  for (const id of ['one', 'two', 'three']) {
    await storeMessage(system.ops, {
      subject: 'call.push_failed',
      stream: 'CALLS',
      messageId: id,
      headers: toHeaders({ id, type: 'call.push_failed', source: 'test', subject: 'call/1', time: new Date() }),
      payload: JSON.stringify({ leadId: 1, source: 'website', room: 'call-1-aaaaaaaaaaaa', callId: 'broken' }),
    });
  }
  await goTo('Dead letters');
  await until('they are set aside', async () => {
    await page.reload();
    return (await page.getByRole('link', { name: /^\d+$/ }).count()) >= 3;
  });
  await examine(page, 'dead-letters');
  await tabTo(page, page.getByRole('link', { name: /^\d+$/ }).first());
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: /Dead letter \d/ }).waitFor();
  await examine(page, 'dead-letter');
  await page.keyboard.press('Home');
  await giveReason('Dry run', 'to see');
  await page.getByText(/does not fit call\.push_failed: callId/).waitFor();
  await tabTo(page, page.getByLabel(/As it came/));
  await page.keyboard.press('Control+A');
  await page.keyboard.insertText(
    JSON.stringify({
      leadId: 1,
      source: 'website',
      room: 'call-1-aaaaaaaaaaaa',
      callId: 1,
      errorClass: 'refused',
      attempts: 1,
    }),
  );
  await giveReason('Send back', 'the callId was a word');
  await page.getByText('It was sent back to dashboard-calls.').waitFor();
  await until('the event is kept', async () => {
    const [kept] = await system.db.query(`select 1 from lead_events where type = 'call.push_failed' and call_id = 1`);
    return kept !== undefined;
  });
  await goTo('Dead letters');
  await giveReason('Dry run', 'how many would go?');
  await page.getByText('finished', { exact: true }).waitFor();
  expect(await page.locator('#run').textContent()).toMatch(/0 would be sent back, 2 could not be/);
  await examine(page, 'redrive');
});

test('Do not call: a number is added, looked up and taken off, and a list is imported', async () => {
  const number = numberEnding('042');
  await goTo('Do not call');
  await tabTo(page, page.locator('#add-phone'));
  await page.keyboard.type(number);
  await giveReason('Add', 'asked by letter');
  await page.getByText('The number will not be called any more.').waitFor();
  const lead = await system.post(number);
  await system.leadIs(lead, 'failed');
  expect(system.invites(number)).toBe(0);
  await tabTo(page, page.locator('#look-up-phone'));
  await page.keyboard.type(number.slice(3));
  await page.keyboard.press('Enter');
  await page.getByText('never called').waitFor();
  await examine(page, 'do-not-call');
  await giveReason('Take off the list', 'asked to be called');
  await page.getByText('The number may be called again.').waitFor();
  await tabTo(page, page.getByLabel('One number a line'));
  await page.keyboard.insertText('98765 43210\n+91 91234 56780\nno number\n');
  await giveReason('Import', 'the national registry');
  await page.getByText('2 numbers are on the list. 1 lines hold no Indian mobile number, the first at 3.').waitFor();
});

test('Minutes: last month’s cost is read, split and taken along', async () => {
  await goTo('Minutes');
  const month = page.getByLabel('Month');
  await tabTo(page, month);
  await page.keyboard.press('ArrowDown');
  await tabTo(page, page.getByRole('button', { name: 'Show' }));
  await page.keyboard.press('Enter');
  await page.waitForURL(/month=\d{4}-\d\d/);
  // 40 calls of 90 s; 82 s of talk each are two pulses at ₹0.90.
  await page.getByText('₹72.00', { exact: true }).first().waitFor();
  expect(await page.locator('.tiles').textContent()).toMatch(/Minutes\s*60\.0\s*40 calls[^]*80\s*of 60 s each/);
  await page.getByRole('img', { name: /Minutes on each day of/ }).waitFor();
  await examine(page, 'minutes');
  await page.keyboard.press('Home');
  await page.locator('body').focus();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    tabTo(page, page.getByRole('link', { name: 'Download CSV' })).then(() => page.keyboard.press('Enter')),
  ]);
  expect(download.suggestedFilename()).toMatch(/^minutes-\d{4}-\d\d\.csv$/);
});

test('Hot now renews itself, is filtered with the keyboard and says who said no; Reached counts machines apart', async () => {
  await goTo('Hot now');
  const call = await system.callIs(await system.post(numberEnding('2213')), 'pushed');
  await system.callIs(await system.post(numberEnding('2219')), 'pushed');
  await system.callIs(await system.post(numberEnding('2211')), 'failed');
  const list = page.locator('#hot-live');
  await list.locator(`a[href="/leads/${call.lead_id}"]`).waitFor();
  await list.getByText('Pune, Maharashtra').first().waitFor();
  expect(await list.textContent()).not.toContain('bought elsewhere');
  await examine(page, 'hot');
  await tabTo(page, page.getByLabel('Outcome'));
  await page.keyboard.type('bought');
  await tabTo(page, page.getByRole('button', { name: 'Show' }));
  await page.keyboard.press('Enter');
  await page.waitForURL(/outcome=bought_elsewhere/);
  await list.getByText('bought elsewhere').first().waitFor();
  await goTo('Reached');
  expect(await page.locator('.tiles').textContent()).toMatch(/Machines\s*[1-9]/);
  await examine(page, 'reached');
});

test('the reference is served from here', async () => {
  await goTo('Events');
  await page.getByRole('heading', { name: 'call.qualified' }).waitFor();
  await examine(page, 'events');
  await goTo('Commands');
  await page.getByRole('heading', { name: 'ops.dispatcher.explain', exact: true }).waitFor();
  await page.getByRole('table', { name: 'Result of ops.dispatcher.explain', exact: true }).waitFor();
  await examine(page, 'commands');
  await goTo('HTTP API');
  await page.getByRole('heading', { name: 'POST /v1/leads', exact: true }).waitFor();
  await examine(page, 'http-api');
  expect(faults).toEqual([]);
});
