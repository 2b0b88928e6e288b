import { freePort } from '@leadline/local/free-port';
import { connect, createServer, type Server, type Socket } from 'node:net';

export type Direction = 'toServer' | 'toClient';

/** What may go wrong with a link. Each lasts until it is healed. */
export type LinkFault =
  | { kind: 'refuse' }
  | { kind: 'reset' }
  | { kind: 'blackhole' }
  | { kind: 'one_way'; lost: Direction }
  | { kind: 'latency'; ms: number }
  | { kind: 'trickle'; bytes: number; eachMs: number };

/** Looks at what passes on one connection before it is passed on. `withhold`: it never arrives. */
export type Watcher = (chunk: string, direction: Direction, memory: Map<string, unknown>) => 'pass' | 'withhold';

export type Link = {
  name: string;
  port: number;
  suffer(fault: LinkFault): void;
  /** Connections that lost bytes are reset: what was swallowed can't arrive late. */
  heal(): void;
  /** Until it is called back. */
  watch(watcher: Watcher): () => void;
  close(): Promise<void>;
};

type Pair = { client: Socket; server: Socket; memory: Map<string, unknown>; lostBytes: boolean };

/** A TCP proxy between one of our processes and what it talks to, on a port that stays the same. */
export async function openLink(name: string, target: () => number): Promise<Link> {
  const pairs = new Set<Pair>();
  const watchers = new Set<Watcher>();
  let fault: LinkFault | undefined;

  const reset = (pair: Pair): void => {
    pair.client.resetAndDestroy();
    pair.server.resetAndDestroy();
    pairs.delete(pair);
  };
  const pass = (pair: Pair, chunk: Buffer, direction: Direction): void => {
    const to = direction === 'toServer' ? pair.server : pair.client;
    const text = chunk.toString('latin1');
    for (const watcher of watchers) {
      if (watcher(text, direction, pair.memory) === 'withhold') {
        pair.lostBytes = true;
        reset(pair);
        return;
      }
    }
    const write = (bytes: Buffer): void => {
      if (!to.destroyed) to.write(bytes);
    };
    switch (fault?.kind) {
      case 'blackhole':
        pair.lostBytes = true;
        return;
      case 'one_way':
        if (fault.lost === direction) pair.lostBytes = true;
        else write(chunk);
        return;
      case 'latency': {
        setTimeout(write, fault.ms, chunk);
        return;
      }
      case 'trickle': {
        const { bytes, eachMs } = fault;
        for (let at = 0, n = 0; at < chunk.length; at += bytes, n++) {
          setTimeout(write, n * eachMs, chunk.subarray(at, at + bytes));
        }
        return;
      }
      case 'refuse':
      case 'reset':
      case undefined:
        write(chunk);
    }
  };

  const accept = (client: Socket): void => {
    if (fault?.kind === 'refuse') {
      client.resetAndDestroy();
      return;
    }
    const server = connect(target(), '127.0.0.1');
    const pair: Pair = { client, server, memory: new Map(), lostBytes: false };
    pairs.add(pair);
    client.setNoDelay(true);
    server.setNoDelay(true);
    client.on('data', (chunk) => pass(pair, chunk, 'toServer'));
    server.on('data', (chunk) => pass(pair, chunk, 'toClient'));
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.on('error', () => other.resetAndDestroy());
      one.on('end', () => other.end());
      one.on('close', () => {
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

  return {
    name,
    port,
    suffer(next) {
      fault = next;
      if (next.kind === 'refuse' || next.kind === 'reset') for (const pair of [...pairs]) reset(pair);
      if (next.kind === 'reset') fault = undefined;
    },
    heal() {
      fault = undefined;
      for (const pair of [...pairs]) if (pair.lostBytes) reset(pair);
    },
    watch(watcher) {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    async close() {
      for (const pair of [...pairs]) reset(pair);
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
