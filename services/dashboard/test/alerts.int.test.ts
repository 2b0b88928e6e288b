import { findPromtool } from '../../../test/operations/find-promtool.ts';
import { until } from '@leadline/testing/until';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkFiring, scrape, type Scrape } from '../../../test/e2e/check-alerts.ts';
import { startStand, untilKept, visitor, type Stand } from './start-dashboard.ts';

let stand: Stand;
beforeAll(async () => {
  stand = await startStand();
});
afterAll(() => stand.stop());

test('the dashboard’s alerts fire when it falls behind, and when somebody tries passwords', async (ctx) => {
  await untilKept(stand.db);
  const look = (): Promise<Scrape> => scrape([stand.dashboard.adminUrl]);
  const calm = await look();
  const stranger = visitor(stand.url);
  await stranger.get('/login');
  for (let tried = 0; tried < 25; tried++)
    await stranger.post('/login', { name: 'vimala', password: `guess ${tried}` });
  await stand.db.query('revoke delete on call_changes from leadline_dashboard');
  await stand.db.query('insert into call_changes (call_id) select generate_series(1, 150)');
  const waiting = 'leadline_dashboard_changes_waiting{service="dashboard"}';
  const after = await until('150 changes wait', async () => {
    const now = await look();
    return now.get(waiting) === 150 && now;
  });
  expect(calm.get(waiting)).toBe(0);
  const promtool = await findPromtool(join(import.meta.dirname, '../../../.leadline/tools')).catch((error: unknown) =>
    ctx.skip(String(error)),
  );
  const state = { before: calm, after, heldMinutes: 15 };
  await checkFiring(
    promtool,
    calm,
    ['LeadlineDashboardBehind', 'LeadlineLoginsRefused'].map((alert) => ({ alert, ...state })),
    ['LeadlineServiceMissing'],
  );
});
