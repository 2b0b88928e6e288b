import { NatsError } from 'nats';
import { expect, test } from 'vitest';
import { blameFor } from './blame.ts';

function coded(code: string, cause?: unknown): Error {
  return Object.assign(new Error('text', { cause }), { code });
}

test.for([
  ['a plain error', new Error('boom'), 'message'],
  ['a broken rule of the database', coded('23505'), 'message'],
  ['a connection failure of Postgres', coded('08006'), 'elsewhere'],
  ['Postgres shutting down', coded('57P01'), 'elsewhere'],
  ['a serialization failure', coded('40001'), 'elsewhere'],
  ['too many connections', coded('53300'), 'elsewhere'],
  ['a lock that was not given in time', coded('55P03'), 'elsewhere'],
  ['a refused connection', coded('ECONNREFUSED'), 'elsewhere'],
  ['a refused connection somewhere below', new Error('outer', { cause: coded('ECONNREFUSED') }), 'elsewhere'],
  ['a question that a silent Postgres does not answer', new Error('Query read timeout'), 'elsewhere'],
  ['a client whose connection broke', new Error('Connection terminated unexpectedly'), 'elsewhere'],
  ['a read-only Postgres', coded('25006'), 'elsewhere'],
  ['a table that is not there yet', coded('42P01'), 'elsewhere'],
  ['a NATS that does not answer', new NatsError('x', 'TIMEOUT'), 'elsewhere'],
  ['a NATS that refuses', new NatsError('x', 'PERMISSIONS_VIOLATION'), 'message'],
  ['what is no error', 'text', 'message'],
] as const)('%s is to be blamed on: %s', ([, error, blame]) => {
  expect(blameFor(error)).toBe(blame);
});
