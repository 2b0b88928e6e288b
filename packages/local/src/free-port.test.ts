import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from './free-port.ts';

test('no port is given twice, and none that the system gives to outgoing connections', async () => {
  const ports = await Promise.all(Array.from({ length: 300 }, () => freePort()));
  expect(new Set(ports).size).toBe(300);
  expect(ports.every((port) => port < 32_768)).toBe(true);
});

test('a wanted port that is taken is another one', async () => {
  const server = createServer();
  onTestFinished(() => void server.close());
  const wanted = await freePort();
  expect(await freePort(wanted)).toBe(wanted);
  await new Promise<void>((resolve) => {
    server.listen(wanted, '127.0.0.1', resolve);
  });
  expect(await freePort(wanted)).not.toBe(wanted);
});
