import { expect, test } from 'vitest';
import { readWire, type Holding } from './read-wire.ts';

/** A client and a server of protocol 3.0 that say only what matters here, and what the reader makes of it. */
function openWire() {
  const holdings: Holding[] = [];
  let [waits, now] = [0, 0];
  const reader = readWire({
    lock: { class: 2, key: 1 },
    now: () => now,
    ended: (holding) => holdings.push(holding),
    waited: () => waits++,
  });
  const startup = Buffer.alloc(8);
  startup.writeInt32BE(8);
  startup.writeInt32BE(196_608, 4);
  reader.fromClient(startup);
  reader.fromServer(message('Z', Buffer.from('I')));
  return {
    holdings,
    waits: () => waits,
    /** Leaves in one write; each with a Sync of its own. */
    send: (...queries: Buffer[]) => reader.fromClient(Buffer.concat(queries)),
    sendByByte: (query: Buffer) => {
      for (const byte of query) reader.fromClient(Buffer.from([byte]));
    },
    /** One ReadyForQuery for each letter: I idle, T in a transaction, E in a failed one. */
    answer: (states: string, afterMs = 1) => {
      now += afterMs;
      for (const state of states) reader.fromServer(message('Z', Buffer.from(state)));
    },
  };
}

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

function bind(name: string, parameters: readonly (string | number)[]): Buffer {
  const values = parameters.map((value) => {
    const bytes = typeof value === 'string' ? Buffer.from(value) : Buffer.alloc(4);
    if (typeof value === 'number') bytes.writeInt32BE(value);
    const length = Buffer.alloc(4);
    length.writeInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  });
  const formats = parameters.map((value) => [0, typeof value === 'string' ? 0 : 1]).flat();
  return message(
    'B',
    Buffer.concat([
      Buffer.from(`\0${name}\0`),
      Buffer.from([0, parameters.length, ...formats, 0, parameters.length]),
      ...values,
      Buffer.from([0, 0]),
    ]),
  );
}

const sync = message('S', Buffer.alloc(0));
const prepare = (text: string, name = ''): Buffer => message('P', Buffer.from(`${name}\0${text}\0\0\0`));
const ask = (text: string, ...parameters: (string | number)[]): Buffer =>
  Buffer.concat([prepare(text), bind('', parameters), sync]);
const simple = (text: string): Buffer => message('Q', Buffer.from(`${text}\0`));
const lock = 'select pg_advisory_xact_lock($1, $2)';

test('each statement that waits for the one before is a round trip, from the lock to the COMMIT', () => {
  const wire = openWire();
  for (const [query, state] of [
    [simple('begin'), 'T'],
    [ask(lock, '1', '4711'), 'T'],
    [ask(lock, '2', '1'), 'T'],
    [ask('select $1', '7'), 'T'],
    [ask('update dials set sent_at = now()'), 'T'],
    [simple('commit'), 'I'],
  ] as const) {
    wire.send(query);
    wire.answer(state, 10);
  }
  expect(wire.holdings).toEqual([{ roundTrips: 4, heldMs: 30 }]);
  expect(wire.waits()).toBe(6);
});

test('statements that leave together share a round trip; what waits for one of their answers begins another', () => {
  const wire = openWire();
  wire.send(simple('begin'), ask(lock, '2', '1'), ask('select facts'));
  wire.answer('TT', 5);
  // The facts are still under way.
  wire.send(ask('update leads'), simple('commit'));
  wire.answer('TTI', 5);
  expect(wire.holdings).toEqual([{ roundTrips: 2, heldMs: 5 }]);
  expect(wire.waits()).toBe(2);
});

test('a named statement, binary keys and keys in the text are the same lock; other keys and functions are not', () => {
  const takes = (...queries: Buffer[]): number => {
    const wire = openWire();
    wire.send(simple('begin'));
    wire.answer('T');
    for (const query of queries) wire.send(query);
    wire.answer('T');
    wire.send(simple('commit'));
    wire.answer('I');
    return wire.holdings.length;
  };
  expect(takes(prepare(lock, 'dial'), bind('dial', ['2', '1']), sync)).toBe(1);
  expect(takes(ask(lock, 2, 1))).toBe(1);
  expect(takes(ask('with held as (select pg_advisory_xact_lock($2::int, 1)) select', 'x', '2'))).toBe(1);
  expect(takes(simple('select pg_advisory_xact_lock(2, 1)'))).toBe(1);
  expect(takes(ask(lock, '2', '2'))).toBe(0);
  expect(takes(ask(lock, '1', '1'))).toBe(0);
  expect(takes(ask('select pg_advisory_lock($1, $2)', '2', '1'))).toBe(0);
});

test('a lock that is given back by ROLLBACK, and messages that come byte by byte', () => {
  const wire = openWire();
  wire.sendByByte(simple('begin'));
  wire.answer('T');
  wire.sendByByte(ask(lock, '2', '1'));
  wire.answer('T');
  wire.sendByByte(ask('select 1 / 0'));
  wire.answer('E');
  wire.sendByByte(simple('rollback'));
  wire.answer('I');
  expect(wire.holdings).toEqual([{ roundTrips: 3, heldMs: 2 }]);
});
