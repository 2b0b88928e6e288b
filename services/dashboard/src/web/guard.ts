import { CommandRefused, CommandUnanswered } from '@leadline/messaging/ask';
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { HTTPException } from 'hono/http-exception';
import { timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Deps } from '../deps.ts';
import type { Notice, Shown } from './layout.ts';
import { findSession, formToken, type Session } from '../accounts/sessions.ts';

export type Env = { Variables: { session: Session } };

/** With this prefix, browsers accept the cookie only from this host over https. */
export function cookieName(deps: Pick<Deps, 'isSecure'>, name: 'session' | 'notice' | 'sso'): string {
  return `${deps.isSecure ? '__Host-' : ''}leadline-${name}`;
}

/** Paths that need no session. */
const withoutSession = new Set(['/login', '/login/sso', '/login/sso/callback']);

export function cookieOptions(deps: Pick<Deps, 'isSecure'>) {
  return { path: '/', httpOnly: true, sameSite: 'Lax', secure: deps.isSecure } as const;
}

/**
 * Refuses requests without a session, and forms from other sites: browsers say where a request comes from, and each
 * form carries its session's token.
 */
export function guard(deps: Deps): MiddlewareHandler<Env> {
  return async (c, next) => {
    c.header('cache-control', 'no-store');
    const changes = c.req.method !== 'GET' && c.req.method !== 'HEAD';
    if (changes && isFromElsewhere(c)) throw new HTTPException(403, { message: 'This form was sent by another site.' });
    if (withoutSession.has(c.req.path)) return next();
    const token = getCookie(c, cookieName(deps, 'session'));
    const session = token === undefined ? undefined : await findSession(deps.postgres, token);
    if (session === undefined) {
      if (changes || c.req.path.endsWith('/stream')) throw new HTTPException(401, { message: 'Log in first.' });
      const { pathname, search } = new URL(c.req.url);
      return c.redirect(`/login?${new URLSearchParams({ next: `${pathname}${search}` }).toString()}`, 303);
    }
    c.set('session', session);
    if (changes && !(await hasFormToken(c, session)))
      throw new HTTPException(403, { message: 'This form is too old. Reload the page and send it again.' });
    return next();
  };
}

function isFromElsewhere(c: Context): boolean {
  const site = c.req.header('sec-fetch-site');
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  const origin = c.req.header('origin');
  if (origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== c.req.header('host');
}

async function hasFormToken(c: Context, session: Session): Promise<boolean> {
  const { form_token: sent } = await c.req.parseBody();
  const wanted = Buffer.from(formToken(session));
  const given = Buffer.from(typeof sent === 'string' ? sent : '');
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** Allows operators only. */
export const operatorOnly: MiddlewareHandler<Env> = async (c, next) => {
  if (c.get('session').user.role !== 'operator')
    throw new HTTPException(403, { message: 'Only an operator may do this.' });
  return next();
};

/** The person who looks, and the result of the last form. */
export function shownTo(c: Context<Env>, deps: Deps): Shown {
  const session = c.get('session');
  const kept = getCookie(c, cookieName(deps, 'notice'));
  if (kept === undefined) return { session };
  setCookie(c, cookieName(deps, 'notice'), '', { ...cookieOptions(deps), maxAge: 0 });
  const [kind, ...text] = kept.split(':');
  return { session, notice: { kind: kind === 'done' ? 'done' : 'refused', text: text.join(':') } };
}

/** Returns to a page, which then shows the result of the form. */
export function tellAt(c: Context<Env>, deps: Deps, path: string, notice: Notice): Response {
  setCookie(c, cookieName(deps, 'notice'), `${notice.kind}:${notice.text.slice(0, 500)}`, {
    ...cookieOptions(deps),
    maxAge: 30,
  });
  return c.redirect(path, 303);
}

/** Carries out a command and shows the result on a page; a refusal in the service's own words. */
export async function carryOut(
  c: Context<Env>,
  deps: Deps,
  path: string,
  work: () => Promise<string>,
): Promise<Response> {
  try {
    return tellAt(c, deps, path, { kind: 'done', text: await work() });
  } catch (error) {
    if (error instanceof CommandRefused || error instanceof CommandUnanswered)
      return tellAt(c, deps, path, { kind: 'refused', text: error.message });
    throw error;
  }
}

/**
 * A form's fields, parsed with a schema.
 * @throws HTTPException 422 naming the field
 */
export async function readForm<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
  const parsed = schema.safeParse(await c.req.parseBody());
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new HTTPException(422, { message: faults.join('; ') });
}

export const reasonField = { reason: z.string().trim().min(1, 'is missing').max(300) };
