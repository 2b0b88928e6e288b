/**
 * Reads both directions of one connection to Postgres (protocol 3.0, as it is on the wire:
 * https://www.postgresql.org/docs/current/protocol-message-formats.html) and counts the round trips that its transactions
 * make while they hold one advisory lock.
 *
 * A round trip is a wait: what the client sends after it got an answer. Statements that leave together, before any of their
 * answers came, share one, so that pipelining counts as what it is. The one that asks for the lock is the first, the one
 * whose answer says that no transaction is open any more (the COMMIT's or ROLLBACK's) is the last.
 */
export type WireReader = { fromClient: (chunk: Buffer) => void; fromServer: (chunk: Buffer) => void };

/** One transaction that held the lock. `heldMs` lasts from the answer that gave it to the one that ended it. */
export type Holding = { roundTrips: number; heldMs: number };

export type Lock = { class: number; key: number };

export function readWire(options: {
  lock: Lock;
  now: () => number;
  ended: (holding: Holding) => void;
  /** Each wait of the client, in a transaction or not. */
  waited: () => void;
}): WireReader {
  /** The texts of statements by their name, '' the unnamed one. */
  const texts = new Map<string, string>();
  /** How many waits lie before what was answered last. */
  let answeredDepth = 0;
  let lastDepth = 0;
  const underWay: { depth: number; asksForLock: boolean }[] = [];
  let asksForLock = false;
  let holding: { fromDepth: number; since: number } | undefined;

  const sent = (): void => {
    const depth = answeredDepth + 1;
    if (depth !== lastDepth) options.waited();
    lastDepth = depth;
    underWay.push({ depth, asksForLock });
    asksForLock = false;
  };
  const clientMessage = (type: string, body: Buffer): void => {
    if (type === 'P') {
      const [name, text] = readStrings(body, 2);
      texts.set(name ?? '', text ?? '');
    } else if (type === 'B') {
      const [, name] = readStrings(body, 2);
      asksForLock ||= takesLock(texts.get(name ?? '') ?? '', readParameters(body), options.lock);
    } else if (type === 'Q') {
      asksForLock ||= takesLock(readStrings(body, 1)[0] ?? '', [], options.lock);
      sent();
    } else if (type === 'S') sent();
  };
  const serverMessage = (type: string, body: Buffer): void => {
    if (type !== 'Z') return;
    const answered = underWay.shift();
    // The first of a connection answers no statement of ours.
    if (answered === undefined) return;
    answeredDepth = answered.depth;
    if (answered.asksForLock) holding ??= { fromDepth: answered.depth, since: options.now() };
    if (holding === undefined || body.toString('latin1') !== 'I') return;
    options.ended({
      roundTrips: answered.depth - holding.fromDepth + 1,
      heldMs: options.now() - holding.since,
    });
    holding = undefined;
  };
  return {
    // The client's first message, with its version and user, has no type.
    fromClient: splitMessages(clientMessage, true),
    fromServer: splitMessages(serverMessage, false),
  };
}

function splitMessages(each: (type: string, body: Buffer) => void, beginsUntyped: boolean): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  let untyped = beginsUntyped;
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (;;) {
      const head = untyped ? 0 : 1;
      if (rest.length < head + 4) return;
      const end = head + rest.readUInt32BE(head);
      if (rest.length < end) return;
      if (!untyped) each(String.fromCharCode(rest[0] ?? 0), rest.subarray(5, end));
      untyped = false;
      rest = rest.subarray(end);
    }
  };
}

function readStrings(body: Buffer, count: number): string[] {
  const found: string[] = [];
  for (let at = 0; found.length < count;) {
    const end = body.indexOf(0, at);
    if (end < 0) return found;
    found.push(body.toString('utf8', at, end));
    at = end + 1;
  }
  return found;
}

/** A Bind message's parameters as text; four binary bytes are a whole number, other binary ones are left out. */
function readParameters(body: Buffer): string[] {
  let at = body.indexOf(0, body.indexOf(0) + 1) + 1;
  const next16 = (): number => {
    at += 2;
    return body.readInt16BE(at - 2);
  };
  const formats = Array.from({ length: next16() }, next16);
  return Array.from({ length: next16() }, (_, index) => {
    const length = body.readInt32BE(at);
    at += 4;
    if (length < 0) return '';
    const value = body.subarray(at, at + length);
    at += length;
    const isBinary = (formats.length === 1 ? formats[0] : formats[index]) === 1;
    if (!isBinary) return value.toString('utf8');
    return length === 4 ? String(value.readInt32BE(0)) : '';
  });
}

function takesLock(text: string, parameters: readonly string[], lock: Lock): boolean {
  const read = (key: string): number => Number(key.startsWith('$') ? parameters[Number(key.slice(1)) - 1] : key);
  const calls = text.matchAll(/pg_advisory_xact_lock\(\s*(\$?\d+)(?:::\w+)?\s*,\s*(\$?\d+)(?:::\w+)?\s*\)/gi);
  return [...calls].some(([, first = '', second = '']) => read(first) === lock.class && read(second) === lock.key);
}
