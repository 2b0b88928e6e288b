import { expect, test } from 'vitest';
import { commitFault } from './commit-fault.ts';

const coded = (code: string, message = 'x'): Error => Object.assign(new Error(message), { code });

test.for([
  ['a value out of range', coded('22003'), 'refused'],
  ['a value nested too deep', coded('54001'), 'refused'],
  ['a text too long for its index', coded('54000'), 'refused'],
  ['a broken constraint', coded('23514'), 'refused'],
  ['a constraint inside a wrapper', new Error('driver', { cause: coded('23505') }), 'refused'],
  ['a lead that was erased just now', coded('23503'), 'again'],
  ['a server that stops', coded('57P01'), 'again'],
  ['a deadlock', coded('40P01'), 'again'],
  ['a lock not had in time', coded('55P03'), 'again'],
  ['too many connections', coded('53300'), 'again'],
  ['nobody listening', coded('ECONNREFUSED'), 'again'],
  ['a connection that ended', new Error('Connection terminated unexpectedly'), 'again'],
  ['no connection in time', new Error('timeout exceeded when trying to connect'), 'again'],
  ['a statement that is wrong', coded('42601', 'syntax error near connection'), 'ours'],
  ['a missing right', coded('42501'), 'ours'],
  ['a fault of our own', new TypeError('x is undefined'), 'ours'],
  ['no error at all', 'x', 'ours'],
] as [string, unknown, string][])('%s', ([_what, error, kind]) => {
  expect(commitFault(error)).toEqual({ kind });
});
