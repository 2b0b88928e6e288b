import { freePort } from './free-port.ts';
import { toStatementTexts } from './to-statement-texts.ts';
import { connect, createServer, type Server, type Socket } from 'node:net';

export type Direction = 'toServer' | 'toClient';

/** The faults that a link can simulate. Each lasts until `heal`. */
export type LinkFault =
  /** Nobody listens. */
  | { kind: 'gone' }
  /** Accepts each connection and resets it at once. */
  | { kind: 'refuse' }
  | { kind: 'reset' }
  | { kind: 'blackhole' }
  | { kind: 'one_way'; lost: Direction }
  | { kind: 'latency'; ms: number }
  | { kind: 'trickle'; bytes: number; eachMs: number };

/**
 * Sees each chunk before the link forwards it; prepared statements come with their text. `withhold`: drops it and
 * resets the connection. `swallow`: drops it silently.
 */
export type Watcher = (
  chunk: string,
  direction: Direction,
  memory: Map<string, unknown>,
) => 'pass' | 'withhold' | 'swallow';

export type Link = {
  name: string;
  port: number;
  suffer(fault: LinkFault): void;
  /** Ends the fault. Connections that lost bytes are reset, so that swallowed bytes can't arrive late. */
  heal(): void;
  /** Watches until the returned function is called. */
  watch(watcher: Watcher): () => void;
  /**
   * Lets the next request that matches `holds` reach the server, but drops the server's answer and all after it.
   * Resolves once the server has answered, so the request is done by then.
   */
  loseAnswerTo(holds: (request: string) => boolean): Promise<void>;
  close(): Promise<void>;
};

type Pair = {
  client: Socket;
  server: Socket;
  memory: Map<string, unknown>;
  statements: Map<string, string>;
  lostBytes: boolean;
  underWay: Record<Direction, UnderWay>;
};
/** Bytes that wait for their time, in order: TCP may deliver late, but never out of order. */
type UnderWay = { pieces: { at: number; bytes: Buffer }[]; timer: NodeJS.Timeout | undefined };

/** Opens a link to the server at this URL; the returned `url` leads through it. */
export async function openLinkTo(url: string): Promise<Link & { url: string }> {
  const target = new URL(url);
  const link = await openLink(target.hostname, () => Number(target.port), target.hostname);
  const linked = new URL(url);
  linked.hostname = '127.0.0.1';
  linked.port = String(link.port);
  return { ...link, url: linked.href };
}

/** A TCP proxy between a process and its server. Its port never changes. */
export async function openLink(name: string, target: () => number, host = '127.0.0.1'): Promise<Link> {
  const pairs = new Set<Pair>();
  const watchers = new Set<Watcher>();
  let fault: LinkFault | undefined;

  const reset = (pair: Pair): void => {
    pair.client.resetAndDestroy();
    pair.server.resetAndDestroy();
    pairs.delete(pair);
  };
  /** Sends now, or so many ms after the previous piece, or after now if nothing is on its way. */
  const send = (pair: Pair, direction: Direction, bytes: Buffer, afterMs: number): void => {
    const way = pair.underWay[direction];
    const before = way.pieces.at(-1)?.at;
    if (before === undefined && afterMs === 0) {
      write(pair, direction, bytes);
      return;
    }
    const now = performance.now();
    way.pieces.push({ at: fault?.kind === 'trickle' ? (before ?? now) + afterMs : now + afterMs, bytes });
    deliver(pair, direction);
  };
  const pass = (pair: Pair, chunk: Buffer, direction: Direction): void => {
    const bytes = chunk.toString('latin1');
    const text = direction === 'toServer' ? toStatementTexts(bytes, pair.statements) : bytes;
    for (const watcher of watchers) {
      const verdict = watcher(text, direction, pair.memory);
      if (verdict === 'pass') continue;
      pair.lostBytes = true;
      if (verdict === 'withhold') reset(pair);
      return;
    }
    switch (fault?.kind) {
      case 'blackhole':
        pair.lostBytes = true;
        return;
      case 'one_way':
        if (fault.lost === direction) pair.lostBytes = true;
        else send(pair, direction, chunk, 0);
        return;
      case 'latency':
        send(pair, direction, chunk, fault.ms);
        return;
      case 'trickle':
        for (let at = 0; at < chunk.length; at += fault.bytes)
          send(pair, direction, chunk.subarray(at, at + fault.bytes), fault.eachMs);
        return;
      case 'gone':
      case 'refuse':
      case 'reset':
      case undefined:
        send(pair, direction, chunk, 0);
    }
  };

  const accept = (client: Socket): void => {
    if (fault?.kind === 'refuse') {
      client.resetAndDestroy();
      return;
    }
    const server = connect(target(), host);
    const pair: Pair = {
      client,
      server,
      memory: new Map(),
      statements: new Map(),
      lostBytes: false,
      underWay: { toServer: { pieces: [], timer: undefined }, toClient: { pieces: [], timer: undefined } },
    };
    pairs.add(pair);
    client.setNoDelay(true);
    server.setNoDelay(true);
    client.on('data', (chunk) => pass(pair, chunk, 'toServer'));
    server.on('data', (chunk) => pass(pair, chunk, 'toClient'));
    for (const [one, other, direction] of [
      [client, server, 'toServer'],
      [server, client, 'toClient'],
    ] as const) {
      one.on('error', () => other.resetAndDestroy());
      one.on('end', () => {
        hurry(pair, direction);
        other.end();
      });
      one.on('close', () => {
        hurry(pair, direction);
        other.destroySoon();
        pairs.delete(pair);
      });
    }
  };
  const server: Server = createServer({ allowHalfOpen: true }, accept);
  const port = await freePort();
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
  /** Another process may have taken the port for a moment. */
  const listenAgain = (): void => {
    if (fault?.kind !== 'gone' && !server.listening) server.listen(port, '127.0.0.1');
  };
  server.on('error', () => setTimeout(listenAgain, 100).unref());

  return {
    name,
    port,
    suffer(next) {
      fault = next;
      if (next.kind === 'gone') server.close();
      else listenAgain();
      if (['gone', 'refuse', 'reset'].includes(next.kind)) for (const pair of pairs) reset(pair);
      if (next.kind === 'reset') fault = undefined;
    },
    heal() {
      fault = undefined;
      listenAgain();
      for (const pair of pairs) {
        if (pair.lostBytes) reset(pair);
        for (const direction of ['toServer', 'toClient'] as const) hurry(pair, direction);
      }
    },
    watch(watcher) {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    loseAnswerTo(holds) {
      const answered = Promise.withResolvers<void>();
      let isAsked = false;
      watchers.add((chunk, direction, memory) => {
        if (direction === 'toServer') {
          if (!isAsked && holds(chunk)) {
            isAsked = true;
            memory.set('losesAnswers', true);
          }
          return 'pass';
        }
        if (!memory.has('losesAnswers')) return 'pass';
        answered.resolve();
        return 'swallow';
      });
      return answered.promise;
    },
    async close() {
      for (const pair of pairs) reset(pair);
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

/** Writes all pieces that are due, and schedules itself for the rest. */
function deliver(pair: Pair, direction: Direction): void {
  const way = pair.underWay[direction];
  if (way.timer !== undefined) return;
  while (way.pieces[0] !== undefined && way.pieces[0].at <= performance.now()) {
    const piece = way.pieces.shift();
    if (piece !== undefined) write(pair, direction, piece.bytes);
  }
  const [next] = way.pieces;
  if (next === undefined) return;
  way.timer = setTimeout(
    () => {
      way.timer = undefined;
      deliver(pair, direction);
    },
    Math.max(1, next.at - performance.now()),
  );
}

/** Writes all pieces that are on their way, at once. */
function hurry(pair: Pair, direction: Direction): void {
  const way = pair.underWay[direction];
  clearTimeout(way.timer);
  way.timer = undefined;
  for (const { bytes } of way.pieces.splice(0)) write(pair, direction, bytes);
}

function write({ client, server }: Pair, direction: Direction, bytes: Buffer): void {
  const to = direction === 'toServer' ? server : client;
  if (to.writable) to.write(bytes);
}
