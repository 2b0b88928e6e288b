import { freePort } from '@leadline/servers/free-port';
import { createServer, type Server } from 'node:http';
import { Provider } from 'oidc-provider';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startStand, visitor, type Stand, type Visitor } from './start-dashboard.ts';

const secret = 'test-secret-of-the-client';
const groups: Record<string, string[]> = {
  asha: ['leadline-operators'],
  vimala: ['leadline-viewers'],
  ravi: ['others'],
};

let stand: Stand;
let provider: Server;
let issuer: string;

/** A real OpenID Connect provider, whose login form takes any password. */
async function startProvider(port: number, dashboard: string): Promise<Server> {
  issuer = `http://127.0.0.1:${port}`;
  const oidc = new Provider(issuer, {
    clients: [{ client_id: 'leadline', client_secret: secret, redirect_uris: [`${dashboard}/login/sso/callback`] }],
    claims: { openid: ['sub'], profile: ['groups'], email: ['email', 'email_verified'] },
    cookies: { keys: ['test-key'] },
    findAccount: (_context, sub) => ({
      accountId: sub,
      claims: () => ({ sub, email: `${sub}@example.in`, email_verified: true, groups: groups[sub] }),
    }),
  });
  const answer = oidc.callback();
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return server;
}

beforeAll(async () => {
  const [port, providerPort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  provider = await startProvider(providerPort, url);
  stand = await startStand({
    settings: {
      PORT: String(port),
      PUBLIC_URL: url,
      OIDC_ISSUER: issuer,
      OIDC_CLIENT_ID: 'leadline',
      OIDC_CLIENT_SECRET: secret,
    },
  });
});
afterAll(async () => {
  await stand.stop();
  provider.closeAllConnections();
  provider.close();
});

/** Goes where it is sent and fills in the provider's forms, until it is back. @returns the address it came back to */
async function throughProvider(person: Visitor, who: string): Promise<string> {
  const there = visitor(issuer);
  let { location } = await person.get('/login/sso?next=%2Fminutes');
  for (let step = 0; step < 12; step++) {
    if (location === null) throw new Error('the provider sent nobody on');
    if (location.startsWith(stand.url)) return location;
    const page = await there.get(location);
    location = page.location;
    const [, action] = /<form[^>]*action="([^"]+)"/.exec(page.text) ?? [];
    if (action === undefined) continue;
    const isLogin = page.text.includes('name="login"');
    const fields = isLogin ? { prompt: 'login', login: who, password: 'any' } : { prompt: 'consent' };
    ({ location } = await there.submit(action, fields));
  }
  throw new Error('the provider lets nobody out');
}

test('a person of the organisation logs in with its account, in the role of its groups', async () => {
  const person = visitor(stand.url);
  expect((await person.get('/login')).text).toContain('Log in with your organisation');
  const back = await person.get(await throughProvider(person, 'asha'));
  expect(back).toMatchObject({ status: 303, location: '/minutes' });
  const { text } = await person.get('/');
  expect(text).toContain('asha@example.in (sso)');
  expect(text).toMatch(/class="role">operator</);
  const audited = await stand.db.query(`select who, reason from dashboard_audit where action = 'log_in'`);
  expect(audited).toContainEqual({ who: 'asha@example.in (sso)', reason: 'by the organisation’s login' });

  const viewer = visitor(stand.url);
  await viewer.get(await throughProvider(viewer, 'vimala'));
  expect((await viewer.get('/')).text).toMatch(/class="role">viewer</);
});

test('whoever has no group of ours is told so and stays out', async () => {
  const person = visitor(stand.url);
  const back = await person.get(await throughProvider(person, 'ravi'));
  expect(back.status).toBe(403);
  expect(back.text).toContain('you have no role here');
  expect((await person.get('/')).status).toBe(303);
});

test('a disabled name stays out, and can not get in by password either', async () => {
  await stand.db.query(`update dashboard_users set disabled_at = now() where name = 'vimala@example.in (sso)'`);
  const person = visitor(stand.url);
  expect((await person.get(await throughProvider(person, 'vimala'))).status).toBe(403);
  const answer = await person.post('/login', { name: 'asha@example.in (sso)', password: '' });
  expect(answer.status).toBe(401);
});

test('what comes back without its departure, or for another one, lets nobody in', async () => {
  const person = visitor(stand.url);
  const address = await throughProvider(person, 'asha');
  expect((await visitor(stand.url).get(address)).status).toBe(401);
  const other = visitor(stand.url);
  await other.get('/login/sso');
  const forged = await other.get(address);
  expect(forged.status).toBe(401);
  expect(other.cookies.has('leadline-session')).toBe(false);
  // Used once, it is used up.
  expect((await person.get(address)).status).toBe(303);
  expect((await person.get(address)).status).toBe(401);
});
