import type { MiddlewareHandler } from 'hono';
import { hash, timingSafeEqual } from 'node:crypto';
import { answerProblem } from './problem.ts';

/**
 * Finds the owner of the key in an Authorization header, if there is one. Takes the same time whatever is wrong with
 * the key.
 */
export function openFindOwner<T>(
  keys: readonly { key: string; owner: T }[],
): (authorization: string | undefined) => T | undefined {
  const digest = (text: string): Buffer => hash('sha256', text, 'buffer');
  const known = keys.map(({ key, owner }) => ({ owner, digest: digest(key) }));
  return (authorization = '') => {
    const presented = digest(authorization.replace(/^Bearer +/i, ''));
    let found: T | undefined;
    for (const entry of known) if (timingSafeEqual(entry.digest, presented)) found = entry.owner;
    return found;
  };
}

/** Refuses requests without this key. */
export function requireBearer(key: string): MiddlewareHandler {
  const findOwner = openFindOwner([{ key, owner: true }]);
  return async (c, next) => {
    if (findOwner(c.req.header('authorization')) === true) return next();
    c.header('www-authenticate', 'Bearer');
    return answerProblem(c, { title: 'The bearer key is missing or wrong', status: 401 });
  };
}
