import { removeWithUs } from './reaper.ts';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, inject, onTestFinished, test } from 'vitest';
import { freePort, onFreePort, PortTaken } from './free-port.ts';
import { startNatsServer, type RunningNats } from './nats-server.ts';
import { startPostgres, type RunningPostgres } from './postgres.ts';

let folder: string;
beforeEach(() => {
  // Only its owner may enter it, which is root where we are root; and its name is a person's.
  const above = mkdtempSync(join(tmpdir(), 'leadline-servers-'));
  removeWithUs(above);
  onTestFinished(() => rmSync(above, { recursive: true, force: true }));
  folder = join(above, 'राम’s leads, 2nd try');
  mkdirSync(folder);
});

async function postgres(name: string, port?: number): Promise<RunningPostgres> {
  const options = { dir: join(folder, name), database: 'servers', password: 'servers', durable: false };
  const running = await startPostgres(port === undefined ? options : { ...options, port });
  onTestFinished(() => running.stop());
  return running;
}

async function nats(name: string, port?: number): Promise<RunningNats> {
  const options = {
    dir: join(folder, name),
    path: inject('natsServerPath'),
    config: (at: { port: number; storeDir: string }) =>
      `host: 127.0.0.1\nport: ${at.port}\njetstream { store_dir: ${JSON.stringify(at.storeDir)} }\n`,
  };
  const running = await startNatsServer(port === undefined ? options : { ...options, port });
  onTestFinished(() => running.kill());
  return running;
}

/** A program that is no server of ours, and says nothing. */
async function occupy(port: number): Promise<void> {
  const server = createServer();
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
}

test.for([
  ['Postgres', postgres],
  ['nats-server', nats],
] as const)('%s on a port that somebody has says so, whoever answers there', async ([, start]) => {
  const port = await freePort();
  await occupy(port);
  await expect(start('one', port)).rejects.toThrow(PortTaken);
  const first = await start('two');
  // The one that answers there is of the same kind, with the same passwords.
  await expect(start('three', first.port)).rejects.toThrow(PortTaken);
  const candidates = [port, first.port, await freePort()];
  const last = candidates.at(-1);
  const moved = await onFreePort(
    (free) => start('four', free),
    async () => candidates.shift() ?? 0,
  );
  expect(moved.port).toBe(last);
});
