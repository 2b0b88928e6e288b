import { until } from '@leadline/testing/until';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startStand, users, visitor, type Stand, type Visitor } from './start-dashboard.ts';

let stand: Stand;
beforeAll(async () => {
  stand = await startStand({ settings: { PROXIES: '1' } });
});
afterAll(() => stand.stop());

const tryLogin = async (person: Visitor, fields: { name: string; password: string; next?: string }, from: string) =>
  person.post('/login', fields, { 'x-forwarded-for': `198.51.100.1, ${from}` });

describe('a login', () => {
  test('is given a cookie that scripts can not read and other sites do not send', async () => {
    const answer = await tryLogin(visitor(stand.url), users.viewer, '10.0.0.1');
    expect(answer.status).toBe(303);
    expect(answer.headers.get('set-cookie')).toMatch(
      /^leadline-session=[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Lax$/,
    );
  });

  test('keeps neither password nor token in the database', async () => {
    const person = await stand.as('operator');
    const token = person.cookies.get('leadline-session') ?? '';
    expect(token.length).toBe(43);
    const kept = JSON.stringify(
      await stand.db.query(
        `select (select json_agg(u) from dashboard_users u) as users, (select json_agg(s) from dashboard_sessions s) as sessions`,
      ),
    );
    expect(kept).toContain('scrypt$');
    expect(kept).not.toContain(users.operator.password);
    expect(kept).not.toContain(token);
  });

  test.for(['//evil.example/', '/\\evil.example', 'https://evil.example/', 'javascript:alert(1)', '/ok page'])(
    'leads to no other site: %s',
    async (next) => {
      const answer = await tryLogin(visitor(stand.url), { ...users.viewer, next }, '10.0.0.2');
      expect(answer).toMatchObject({ status: 303, location: '/' });
    },
  );

  test('ends with its logout, its time, and its user', async () => {
    const [left, over, changed] = [await stand.as('viewer'), await stand.as('viewer'), await stand.as('viewer')];
    const copy = visitor(stand.url);
    copy.cookies.set('leadline-session', left.cookies.get('leadline-session') ?? '');
    await left.get('/');
    expect((await left.post('/logout', {})).location).toBe('/login');
    expect((await copy.get('/')).status).toBe(303);
    await stand.db.query(`update dashboard_sessions set expires_at = now() - interval '1 second'`);
    expect((await over.get('/')).status).toBe(303);
    await stand.db.query(`update dashboard_sessions set expires_at = now() + interval '1 hour'`);
    expect((await changed.get('/')).status).toBe(200);
    await stand.db.query(`update dashboard_users set disabled_at = now() where name = $1`, [users.viewer.name]);
    expect((await changed.get('/')).status).toBe(303);
    await stand.db.query(`update dashboard_users set disabled_at = null where name = $1`, [users.viewer.name]);
  });
});

describe('who guesses', () => {
  const wrong = (name: string) => ({ name, password: 'not the password' });

  test('is heard five times, and then not even with the right password; others are', async () => {
    const person = visitor(stand.url);
    const { name } = users.operator;
    for (let time = 0; time < 5; time++) expect((await tryLogin(person, wrong(name), '10.1.0.1')).status).toBe(401);
    const sixth = await tryLogin(person, users.operator, '10.1.0.1');
    expect(sixth.status).toBe(429);
    expect(sixth.headers.get('retry-after')).toBe('900');
    // Elsewhere the operator gets in all the same, and another name from there.
    expect((await tryLogin(visitor(stand.url), users.operator, '10.1.0.2')).status).toBe(303);
    expect((await tryLogin(visitor(stand.url), users.viewer, '10.1.0.1')).status).toBe(303);
    await stand.db.query(`update dashboard_login_failures set at = at - interval '16 minutes'`);
    expect((await tryLogin(person, users.operator, '10.1.0.1')).status).toBe(303);
  });

  test('is heard no oftener by asking at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => tryLogin(visitor(stand.url), wrong('nobody'), '10.1.0.3')),
    );
    expect(answers.filter(({ status }) => status === 401).length).toBeLessThanOrEqual(5);
  });

  test('is stopped by the address, whatever the names', async () => {
    await stand.db.query(
      `insert into dashboard_login_failures (name, address) select 'name' || n, '10.1.0.4' from generate_series(1, 29) as n`,
    );
    expect((await tryLogin(visitor(stand.url), wrong('another'), '10.1.0.4')).status).toBe(401);
    expect((await tryLogin(visitor(stand.url), wrong('one.more'), '10.1.0.4')).status).toBe(429);
    expect((await tryLogin(visitor(stand.url), users.viewer, '10.1.0.4')).status).toBe(429);
  });

  test('learns nothing from what is said of a name that nobody has', async () => {
    const [known, unknown] = [
      await tryLogin(visitor(stand.url), wrong(users.viewer.name), '10.1.0.5'),
      await tryLogin(visitor(stand.url), wrong('nobody.at.all'), '10.1.0.5'),
    ];
    expect(unknown.text.replaceAll('nobody.at.all', users.viewer.name)).toBe(known.text);
  });
});

test('pages allow no script and no style but ours, no frame and no cache', async () => {
  const person = await stand.as('operator');
  for (const path of ['/login', '/', '/minutes', '/live', '/reference/events']) {
    const { headers, text } = await person.get(path);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).not.toContain('unsafe');
    expect(policy).toContain("frame-ancestors 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(text).not.toMatch(/<script(?![^>]*\ssrc=)|\son\w+=|\sstyle=|javascript:/);
  }
});

describe('behind https', () => {
  let secure: Stand;
  beforeAll(async () => {
    secure = await startStand({ settings: { PUBLIC_URL: 'https://leadline.example.in' } });
  });
  afterAll(() => secure.stop());

  test('cookies are for this host and https only, and browsers are told to stay with it', async () => {
    const answer = await visitor(secure.url).post('/login', users.viewer);
    expect(answer.headers.get('set-cookie')).toMatch(
      /^__Host-leadline-session=[^;]+;.* HttpOnly; Secure; SameSite=Lax$/,
    );
    expect(answer.headers.get('strict-transport-security')).toMatch(/max-age=\d{7}/);
  });
});

describe('npm run users', () => {
  const command = async (args: string[], input = ''): Promise<{ code: number | null; said: string }> => {
    const child = spawn(process.execPath, [join(import.meta.dirname, '../src/manage-users.ts'), ...args], {
      env: { ...process.env, DATABASE_URL: stand.db.roleUrls.dashboard },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.stdin.end(input);
    const [said, complained] = await Promise.all([readAll(child.stdout), readAll(child.stderr)]);
    const code = await until('it ends', () => child.exitCode ?? undefined);
    return { code, said: said + complained };
  };

  test('makes a user, changes one, and disables one', async () => {
    expect(await command(['set', 'meera', 'viewer'], 'a password of mine\n')).toEqual({
      code: 0,
      said: 'meera may log in as viewer\n',
    });
    const meera = { name: 'meera', password: 'a password of mine' };
    const person = visitor(stand.url);
    expect((await tryLogin(person, meera, '10.2.0.1')).status).toBe(303);
    const made = await command(['set', 'meera', 'operator']);
    const password = /with the password (\S{20})\n/.exec(made.said)?.[1] ?? '';
    // The old password is over, and so is what was opened with it.
    expect((await person.get('/')).status).toBe(303);
    expect((await tryLogin(visitor(stand.url), meera, '10.2.0.1')).status).toBe(401);
    const operator = visitor(stand.url);
    expect((await tryLogin(operator, { name: 'meera', password }, '10.2.0.1')).status).toBe(303);
    expect((await operator.get('/')).text).toContain('Stop dialling');
    expect((await command(['list'])).said).toContain('meera\toperator\n');
    expect(await command(['disable', 'meera'])).toEqual({ code: 0, said: 'meera may not log in any more\n' });
    expect((await operator.get('/')).status).toBe(303);
    expect((await tryLogin(visitor(stand.url), { name: 'meera', password }, '10.2.0.1')).status).toBe(401);
  });

  test.for([
    [['set', 'Meera Iyer', 'viewer'], 'lower-case'],
    [['set', 'meera', 'admin'], 'viewer or operator'],
    [['disable', 'nobody'], 'no active user'],
    [['frob'], 'usage'],
  ] as const)('%o is refused in words', async ([args, expected]) => {
    const { code, said } = await command([...args]);
    expect(code).toBe(2);
    expect(said).toContain(expected);
  });

  test('a short password is refused', async () => {
    expect((await command(['set', 'ravi', 'viewer'], 'short')).said).toContain('at least 12 characters');
  });
});
