import { hash, timingSafeEqual } from 'node:crypto';
import type { ApiKey } from '../config.ts';

export type FindSource = (authorization: string | undefined) => string | undefined;

/** Tells whose key an Authorization header carries, if anybody's. Takes equally long whatever is wrong with it. */
export function openFindSource(keys: readonly ApiKey[]): FindSource {
  const digest = (text: string): Buffer => hash('sha256', text, 'buffer');
  const known = keys.map(({ source, key }) => ({ source, digest: digest(key) }));
  return (authorization = '') => {
    const presented = digest(authorization.replace(/^Bearer +/i, ''));
    let found: string | undefined;
    for (const one of known) if (timingSafeEqual(one.digest, presented)) found = one.source;
    return found;
  };
}
