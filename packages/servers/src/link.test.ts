import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLink, type Link, type LinkFault } from './link.ts';

let link: Link;
let client: Socket;
let received: string;
let close: () => void;

beforeEach(async () => {
  received = '';
  const server = createServer((socket) => {
    socket.on('data', (data) => (received += data.toString()));
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  link = await openLink('test', () => port);
  client = connect(link.port, '127.0.0.1');
  client.on('error', () => undefined);
  client.setNoDelay(true);
  close = () => server.close();
});
afterEach(async () => {
  client.destroy();
  await link.close();
  close();
});

const line = (n: number): string => `${n}:${'x'.repeat(40)};`;

test.each<LinkFault[]>([
  [{ kind: 'trickle', bytes: 7, eachMs: 3 }],
  [{ kind: 'latency', ms: 40 }],
  [
    { kind: 'trickle', bytes: 7, eachMs: 3 },
    { kind: 'latency', ms: 5 },
  ],
])('what comes late comes whole and in order, also when the link heals meanwhile: %j', async (...faults) => {
  let sent = '';
  for (let n = 0; n < 60; n++) {
    if (n % 10 === 3) link.suffer(faults[Math.floor(n / 10) % faults.length] ?? { kind: 'refuse' });
    if (n % 10 === 8) link.heal();
    client.write(line(n));
    sent += line(n);
    await wait(2);
  }
  link.suffer({ kind: 'latency', ms: 50 });
  client.end('the last');
  await expect.poll(() => received, { timeout: 10_000 }).toBe(`${sent}the last`);
});

test('what a heal can not bring back ends its connection', async () => {
  link.suffer({ kind: 'blackhole' });
  client.write('lost');
  const closed = new Promise((resolve) => {
    client.once('close', resolve);
  });
  await wait(50);
  link.heal();
  await closed;
  expect(received).toBe('');
});

test('a link that is gone is listened on again when it heals', async () => {
  link.suffer({ kind: 'gone' });
  const refused = connect(link.port, '127.0.0.1');
  const [code] = await new Promise<[string]>((resolve) => {
    refused.once('error', (error: NodeJS.ErrnoException) => resolve([error.code ?? '']));
  });
  expect(code).toBe('ECONNREFUSED');
  link.heal();
  const again = connect(link.port, '127.0.0.1');
  again.write('back');
  await expect.poll(() => received).toBe('back');
  again.destroy();
});
