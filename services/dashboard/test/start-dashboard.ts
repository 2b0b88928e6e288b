import { testDatabase, type TestDatabase } from '@leadline/testing/database';
import { testNats, type TestNats } from '@leadline/testing/nats';
import { testSettings } from '@leadline/world/test-settings';
import { silentLog } from '@leadline/testing/silent-log';
import { until } from '@leadline/testing/until';
import { readDashboardConfig } from '../src/config.ts';
import { start, type Dashboard } from '../src/start.ts';

export const users = {
  viewer: { name: 'vimala', password: 'password-of-the-viewer' },
  operator: { name: 'omkar', password: 'password-of-the-operator' },
} as const;

/** A browser without a screen: keeps its cookies and follows nothing by itself. */
export type Visitor = {
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  /** Fields as a form of somebody else's page sends them. */
  submit(path: string, fields: Record<string, string>): Promise<Answer>;
  /** With the token of the page that was loaded last, as its forms carry it. */
  post(path: string, fields: Record<string, string | Blob>, headers?: Record<string, string>): Promise<Answer>;
  cookies: Map<string, string>;
};
type Answer = { status: number; text: string; headers: Headers; location: string | null };

export function visitor(url: string): Visitor {
  const cookies = new Map<string, string>();
  let token = '';
  const send = async (path: string, init: RequestInit): Promise<Answer> => {
    const headers = new Headers(init.headers);
    headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '));
    const response = await fetch(new URL(path, url), { ...init, headers, redirect: 'manual' });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    const text = await response.text();
    token = /name="form_token" value="([^"]+)"/.exec(text)?.[1] ?? token;
    return { status: response.status, text, headers: response.headers, location: response.headers.get('location') };
  };
  return {
    cookies,
    get: (path, headers = {}) => send(path, { headers }),
    submit: (path, fields) => send(path, { method: 'POST', body: new URLSearchParams(fields) }),
    post(path, fields, headers = {}) {
      const body = new FormData();
      for (const [name, value] of Object.entries({ form_token: token, ...fields })) body.set(name, value);
      return send(path, { method: 'POST', body, headers: { 'sec-fetch-site': 'same-origin', ...headers } });
    },
  };
}

export type Stand = {
  db: TestDatabase;
  nats: TestNats;
  dashboard: Dashboard;
  url: string;
  /** Somebody who has logged in. */
  as(role: keyof typeof users): Promise<Visitor>;
  /** Lets the dashboard's time run this much ahead of the database's. */
  shift(ms: number): void;
  stop(): Promise<void>;
};

/**
 * The dashboard on a Postgres and a nats-server of its own, with one user of each role. `before` fills the database while
 * no dashboard runs yet.
 */
export async function startStand(
  options: { settings?: Record<string, string>; before?: (db: TestDatabase) => Promise<unknown> } = {},
): Promise<Stand> {
  const [db, nats] = await Promise.all([testDatabase(), testNats()]);
  await options.before?.(db);
  let shiftMs = 0;
  const firstUsers = Object.entries(users).map(([role, { name, password }]) => `${name}:${role}:${password}`);
  const usual = { FIRST_USERS: firstUsers.join(','), RUPEES_PER_PULSE: '0.9' };
  const config = readDashboardConfig(testSettings('dashboard', { db, nats }, { ...usual, ...options.settings }));
  const dashboard = await start(config, {
    postgres: await db.open('dashboard', 10),
    nats: await nats.connect('dashboard'),
    opsNats: await nats.connect('ops'),
    fetch,
    now: (databaseTime) => new Date(databaseTime.getTime() + shiftMs),
    log: silentLog,
  });
  return {
    db,
    nats,
    dashboard,
    url: dashboard.url,
    async as(role) {
      const person = visitor(dashboard.url);
      await person.get('/login');
      const answer = await person.post('/login', users[role]);
      if (answer.status !== 303) throw new Error(`not logged in: ${answer.status}`);
      return person;
    },
    shift(ms) {
      shiftMs = ms;
    },
    async stop() {
      await dashboard.stop();
      await nats.close();
      await db.drop();
    },
  };
}

/** Everything is in the read model once a build serves and no change waits. */
export async function untilKept(db: TestDatabase): Promise<void> {
  await until('the read model is up to date', async () => {
    const [state] = await db.query<{ done: boolean }>(
      `select exists (select 1 from dashboard_builds where state = 'serving')
         and not exists (select 1 from dashboard_builds where state = 'building')
         and not exists (select 1 from call_changes) as done`,
    );
    return state?.done === true;
  });
}
