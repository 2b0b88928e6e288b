import { InvalidArgumentError } from '@commander-js/extra-typings';
import { toInstant } from './to-instant.ts';

/**
 * A whole number, 1 or more.
 * @throws InvalidArgumentError in words for the person
 */
export function readId(text: string): number {
  const id = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (id < 1) throw new InvalidArgumentError('It must be a whole number, 1 or more.');
  return id;
}

export function readCount(text: string): number {
  if (!/^\d{1,7}$/.test(text)) throw new InvalidArgumentError('It must be a whole number up to 9999999.');
  return Number(text);
}

export function readInstant(text: string): Date {
  const at = toInstant(text, new Date());
  if (at === undefined) {
    throw new InvalidArgumentError(
      'Give a time ago (15m, 2h, 1d), a time in India (10:30, 2026-11-24), or an ISO time.',
    );
  }
  return at;
}
