import { getConnInfo } from '@hono/node-server/conninfo';
import { Hono, type Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { HTTPException } from 'hono/http-exception';
import { z } from 'zod';
import { audit } from '../audit/audit.ts';
import type { Deps } from '../deps.ts';
import { cookieName, cookieOptions, readForm, type Env } from '../web/guard.ts';
import { loginPage } from './page.ts';
import { beginSession, endSession } from '../accounts/sessions.ts';
import { departure, type SingleSignOn } from '../accounts/single-sign-on.ts';
import { admitUser, logIn, type User } from '../accounts/users.ts';

const form = z.object({
  name: z.string().trim().toLowerCase().max(100),
  password: z.string().max(1_000),
  next: z.string().default('/'),
});

/** How long a person may stay at the provider. */
const awaySeconds = 600;

/** Accepts only a path of ours; any other address would lead the person to another site. */
function ownPath(next: string | undefined): string {
  return next !== undefined && /^\/(?![/\\])[\x21-\x7e]*$/.test(next) ? next : '/';
}

export function loginRoutes(deps: Deps): Hono<Env> {
  const app = new Hono<Env>();
  const singleSignOn = deps.singleSignOn !== undefined;

  const letIn = async (c: Context<Env>, user: User, next: string, how: string): Promise<Response> => {
    deps.metrics.logins.inc({ result: 'in' });
    const session = await beginSession(deps.postgres, user, deps.sessionHours);
    await audit(deps.postgres.sql, { action: 'log_in', who: user.name, reason: how });
    setCookie(c, cookieName(deps, 'session'), session.token, {
      ...cookieOptions(deps),
      maxAge: deps.sessionHours * 3_600,
    });
    return c.redirect(ownPath(next), 303);
  };
  const refuse = async (
    c: Context<Env>,
    status: 401 | 403 | 429 | 503,
    page: { result: string; next: string; name?: string; fault: string },
  ): Promise<Response> => {
    const { result, next, ...rest } = page;
    deps.metrics.logins.inc({ result });
    return c.html(loginPage({ next: ownPath(next), ...rest, singleSignOn }), status);
  };

  app.get('/login', (c) => c.html(loginPage({ next: ownPath(c.req.query('next')), singleSignOn })));
  app.post('/login', async (c) => {
    const { name, password, next } = await readForm(c, form);
    const decision = await logIn(deps.postgres, { name, password, address: addressOf(c, deps.proxies) });
    switch (decision.kind) {
      case 'wrong':
        return refuse(c, 401, { result: 'wrong', next, name, fault: 'Name or password is wrong.' });
      case 'too_many': {
        c.header('retry-after', '900');
        const fault = 'Too many failed tries. Wait 15 minutes, then try again.';
        return refuse(c, 429, { result: 'too_many', next, name, fault });
      }
      case 'in':
        return letIn(c, decision.user, next, 'by password');
    }
  });
  app.get('/login/sso', async (c) => {
    const next = ownPath(c.req.query('next'));
    try {
      const left = await known(deps).leave(next);
      setCookie(c, cookieName(deps, 'sso'), JSON.stringify(left.departure), {
        ...cookieOptions(deps),
        maxAge: awaySeconds,
      });
      return c.redirect(left.url.href, 303);
    } catch (error) {
      if (error instanceof HTTPException) throw error;
      deps.log.error({ err: error }, 'the login provider does not answer');
      const fault = 'Your organisation’s login does not answer. Try again, or use a password.';
      return refuse(c, 503, { result: 'provider_down', next, fault });
    }
  });
  app.get('/login/sso/callback', async (c) => {
    const from = readDeparture(getCookie(c, cookieName(deps, 'sso')));
    deleteCookie(c, cookieName(deps, 'sso'), cookieOptions(deps));
    if (from === undefined)
      return refuse(c, 401, { result: 'wrong', next: '/', fault: 'That login took too long. Begin it again.' });
    const arrival = await known(deps).arrive(new URL(c.req.url), from);
    switch (arrival.kind) {
      case 'refused':
        deps.log.warn({ because: arrival.because }, 'a login by the provider was refused');
        return refuse(c, 401, {
          result: 'wrong',
          next: from.next,
          fault: 'Your organisation’s login did not let you in. Begin it again.',
        });
      case 'no_role':
        return refuse(c, 403, {
          result: 'no_role',
          next: from.next,
          fault: 'We know you, but you have no role here. Ask the people who manage your organisation’s groups.',
        });
      case 'known':
        if (!(await admitUser(deps.postgres, arrival)))
          return refuse(c, 403, { result: 'disabled', next: from.next, fault: 'This name may not log in any more.' });
        return letIn(c, { name: arrival.name, role: arrival.role }, from.next, 'by the organisation’s login');
    }
  });
  app.post('/logout', async (c) => {
    await endSession(deps.postgres, c.get('session').token);
    deleteCookie(c, cookieName(deps, 'session'), cookieOptions(deps));
    return c.redirect('/login', 303);
  });
  return app;
}

function known({ singleSignOn }: Deps): SingleSignOn {
  if (singleSignOn === undefined) throw new HTTPException(404, { message: 'Only the login by password works here.' });
  return singleSignOn;
}

function readDeparture(cookie: string | undefined): z.output<typeof departure> | undefined {
  try {
    return departure.parse(JSON.parse(cookie ?? ''));
  } catch {
    return undefined;
  }
}

/** Each proxy appends the address of its client. Anybody may have written what stands further left. */
function addressOf(c: Context, proxies: number): string {
  const named = (c.req.header('x-forwarded-for') ?? '').split(',').map((address) => address.trim());
  const client = proxies === 0 ? undefined : named.at(-proxies);
  return client || (getConnInfo(c).remote.address ?? 'unknown');
}
