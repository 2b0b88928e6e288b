import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routes } from '../../../test/security/routes.ts';
import { startStand, visitor, type Stand, type Visitor } from './start-dashboard.ts';

let stand: Stand;
let viewer: Visitor;
let operator: Visitor;
beforeAll(async () => {
  stand = await startStand();
  viewer = await stand.as('viewer');
  operator = await stand.as('operator');
  // A page with a form: its token is what these send.
  await Promise.all([viewer.get('/leads'), operator.get('/leads')]);
});
afterAll(() => stand.stop());

const ours = routes.filter(({ service }) => service === 'dashboard');
const pathOf = (path: string): string =>
  path.replace(/:(id|seq)\{[^/]*\}+/, /^\/redrives|\{36\}/.test(path) ? '00000000-0000-4000-8000-000000000000' : '1');

describe('each route lets in only whom its class names', () => {
  test.for(ours)('$method $path: $access', async ({ method, path, access }) => {
    const to = pathOf(path);
    const knock = (person: Visitor, headers: Record<string, string> = {}) =>
      method === 'GET' ? person.get(to, headers) : person.post(to, {}, headers);
    const stranger = await knock(visitor(stand.url));
    if (access === 'public') {
      expect([200, 401, 404, 422]).toContain(stranger.status);
      return;
    }
    if (method === 'GET' && !path.endsWith('/stream')) {
      expect(stranger).toMatchObject({ status: 303, location: expect.stringMatching(/^\/login\?next=/) });
    } else expect(stranger.status).toBe(401);
    if (path === '/logout' || path.endsWith('/stream')) return;
    expect((await knock(viewer)).status === 403).toBe(access === 'operator');
    expect([200, 303, 404, 422, 503]).toContain((await knock(operator)).status);
  });
});

test.for(ours.filter(({ method, path }) => method === 'POST' && path !== '/login'))(
  'POST $path is refused from another site, and without its form’s token',
  async ({ path }) => {
    expect((await operator.post(pathOf(path), {}, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await operator.post(pathOf(path), {}, { 'sec-fetch-site': 'same-site' })).status).toBe(403);
    expect((await operator.post(pathOf(path), { form_token: 'A'.repeat(43) })).status).toBe(403);
  },
);
