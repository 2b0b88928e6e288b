import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { readWire, type Holding } from './read-wire.ts';

/** A link to Postgres that passes everything on as it is, and counts what goes through. */
export type WireTap = {
  /** The same database through the tap. */
  urlOf(url: string): string;
  /** What was counted since the last `take`. */
  take(): { holdings: Holding[]; waits: number };
  stop(): Promise<void>;
};

/** `lockDialControl`'s two keys, in every revision (packages/database/src/locks.ts): class 2, key 1. */
const dialControl = { class: 2, key: 1 };

export async function tapWire(postgresUrl: string): Promise<WireTap> {
  const { hostname, port } = new URL(postgresUrl);
  let [holdings, waits]: [Holding[], number] = [[], 0];
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    const reader = readWire({
      lock: dialControl,
      now: () => performance.now(),
      ended: (holding) => holdings.push(holding),
      waited: () => waits++,
    });
    for (const [from, to, read] of [
      [client, upstream, reader.fromClient],
      [upstream, client, reader.fromServer],
    ] as const) {
      open.add(from);
      from.setNoDelay(true);
      from.on('data', (chunk: Buffer) => {
        read(chunk);
        to.write(chunk);
      });
      from.on('error', () => to.destroy());
      from.on('close', () => {
        open.delete(from);
        to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    urlOf(url) {
      const through = new URL(url);
      through.port = String((server.address() as AddressInfo).port);
      return through.href;
    },
    take() {
      const taken = { holdings, waits };
      [holdings, waits] = [[], 0];
      return taken;
    },
    async stop() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
