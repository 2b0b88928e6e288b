import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { freePort, onFreePort, PortTaken } from './free-port.ts';

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

test('a port that was taken meanwhile is another one; any other fault, and the fifth taken port, are the caller’s', async () => {
  const tried: number[] = [];
  const startAfter = (taken: number) => async (port: number) => {
    tried.push(port);
    if (tried.length <= taken) throw new PortTaken(`port ${port} is taken`);
    return port;
  };
  expect(await onFreePort(startAfter(4))).toBe(tried[4]);
  expect(new Set(tried).size).toBe(5);
  tried.length = 0;
  await expect(onFreePort(startAfter(5))).rejects.toThrow(PortTaken);
  await expect(onFreePort(() => Promise.reject(new Error('no disk')))).rejects.toThrow('no disk');
});
