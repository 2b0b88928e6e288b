import { expect, test } from 'vitest';
import { decideFault, type Fault } from './decide-fault.ts';

const coded = (code: string, more: object = {}): Error => Object.assign(new Error('x'), { code, ...more });

const cases: readonly (readonly [what: string, error: unknown, fault: Fault])[] = [
  ['a connection that fails', coded('08006'), 'outage'],
  ['a protocol fault, as poolers say', coded('08P01'), 'outage'],
  ['a read-only transaction', coded('25006'), 'outage'],
  ['a transaction that sat idle', coded('25P03'), 'outage'],
  ['a transaction that took too long', coded('25P04'), 'outage'],
  ['a serialization failure', coded('40001'), 'outage'],
  ['a deadlock', coded('40P01'), 'outage'],
  ['a full disk', coded('53100'), 'outage'],
  ['no memory left', coded('53200'), 'outage'],
  ['too many connections', coded('53300'), 'outage'],
  ['a lock that was not had in time', coded('55P03'), 'outage'],
  ['an object in use', coded('55006'), 'outage'],
  ['a statement that was cancelled', coded('57014'), 'outage'],
  ['a server that stops', coded('57P01'), 'outage'],
  ['a server that crashed', coded('57P02'), 'outage'],
  ['a server that starts', coded('57P03'), 'outage'],
  ['a database that was dropped', coded('57P04'), 'outage'],
  ['a session that sat idle', coded('57P05'), 'outage'],
  ['a disk that fails', coded('58030'), 'outage'],
  ['a snapshot that is too old', coded('72000'), 'outage'],
  ['a damaged index', coded('XX002'), 'outage'],
  ['a pooler that ends the session without a code of its own', coded('XX000', { severity: 'FATAL' }), 'outage'],
  ['a login that is refused while passwords change', coded('28P01', { severity: 'FATAL' }), 'outage'],
  ['a host with two addresses that both refuse', new AggregateError([coded('ECONNREFUSED')], ''), 'outage'],
  ['a system call that fails for whatever reason', coded('EADDRNOTAVAIL', { syscall: 'connect' }), 'outage'],
  ['a certificate that has run out', coded('CERT_HAS_EXPIRED'), 'outage'],
  ['a reset that undici wraps', new TypeError('fetch failed', { cause: coded('ECONNRESET') }), 'outage'],
  ['a connection that ended', new Error('Connection terminated unexpectedly'), 'outage'],
  ['a pool that had none in time', new Error('timeout exceeded when trying to connect'), 'outage'],
  ['a question without an answer', new Error('Query read timeout'), 'outage'],
  ['a client whose connection broke', new Error('Client has encountered a connection error'), 'outage'],
  ['a missing right', coded('42501'), 'setup'],
  ['a missing table', coded('42P01'), 'setup'],
  ['a missing column', coded('42703'), 'setup'],
  ['a missing schema', coded('3F000'), 'setup'],
  ['a value out of range', coded('22003'), 'data'],
  ['a broken constraint', coded('23514'), 'data'],
  ['a row too large for its index', coded('54000'), 'data'],
  ['a constraint inside a wrapper', new Error('driver', { cause: coded('23505') }), 'data'],
  [
    'a statement that is wrong, whatever its text says',
    Object.assign(coded('42601'), { message: 'connection error' }),
    'ours',
  ],
  ['an internal error of a statement', coded('XX000', { severity: 'ERROR' }), 'ours'],
  ['what a trigger of ours raises', coded('P0001', { severity: 'ERROR' }), 'ours'],
  ['a fault in our code', new TypeError('x is undefined'), 'ours'],
  ['what is no error', 'x', 'ours'],
];

test.for(cases)('%s', ([, error, fault]) => {
  expect(decideFault(error)).toBe(fault);
});
