import { SignJWT } from 'jose';
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { numberEnding, startSystem, type System } from '../e2e/system.ts';
import { routes, type Route } from './routes.ts';

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system.stop());

const secret = 'test-secret-of-at-least-32-characters';

function urlOf({ service, path }: Route): string {
  const base =
    service === 'ingest' ? system.ingestUrl : service === 'call-tracker' ? system.trackerUrl : system.dispatcherUrl;
  return base + path.replace(':id', '1').replace(':source', 'indiamart').replace(':token', 'a-token-of-nobody');
}

describe('each route lets in only whom its class names', () => {
  // Those of the dashboard are knocked at in test/dashboard.
  test.for(routes.filter(({ service }) => service !== 'dashboard'))(
    '$method $path of $service: $access',
    async (route) => {
      const knock = async (authorization: string | undefined): Promise<number> => {
        const response = await fetch(urlOf(route), {
          method: route.method,
          headers: authorization === undefined ? {} : { authorization },
          ...(route.method === 'GET' ? {} : { body: '{}' }),
        });
        await response.arrayBuffer();
        return response.status;
      };
      const closed = route.access === 'bearer' || route.access === 'signature';
      for (const stranger of [undefined, 'Bearer wrong-key-of-somebody', 'Basic dGVzdDp0ZXN0', 'Bearer ']) {
        const status = await knock(stranger);
        // RFC 6750 has 400 for a header that is not of its form.
        if (route.access === 'token') expect(status, 'with a token of nobody').toBe(404);
        else if (closed) expect([400, 401], `with ${stranger ?? 'nothing'}`).toContain(status);
        else expect(status).not.toBe(401);
      }
      if (route.access !== 'bearer') return;
      const keys = { ingest: system.apiKey, 'call-tracker': 'test-agent-key-over-http', dispatcher: system.opsKey };
      expect(await knock(`Bearer ${keys[route.service as keyof typeof keys]}`)).not.toBe(401);
    },
  );
});

describe('a webhook', () => {
  const body = JSON.stringify({
    event: 'room_finished',
    room: { name: 'call-1-aaaaaaaaaaaa' },
    id: 'EV_1',
    createdAt: '1795461575',
  });
  const sign = (over: string, options: { key?: string; issuer?: string; expires?: string } = {}): Promise<string> =>
    new SignJWT({ sha256: createHash('sha256').update(over).digest('base64') })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer(options.issuer ?? 'test-key')
      .setNotBefore('-10m')
      .setExpirationTime(options.expires ?? '5m')
      .sign(new TextEncoder().encode(options.key ?? secret));
  const send = async (sent: string, authorization: string): Promise<number> =>
    (await fetch(`${system.trackerUrl}/webhooks/livekit`, { method: 'POST', headers: { authorization }, body: sent }))
      .status;

  test('is taken when the signature is good, and again when it is replayed', async () => {
    const token = await sign(body);
    expect(await send(body, token)).toBe(200);
    expect(await send(body, token)).toBe(200);
  });
  test('is refused by a wrong key', async () => {
    expect(await send(body, await sign(body, { key: `${secret}!` }))).toBe(401);
  });
  test('is refused from another issuer', async () => {
    expect(await send(body, await sign(body, { issuer: 'other' }))).toBe(401);
  });
  test('is refused with one byte changed', async () => {
    expect(await send(body.replace('EV_1', 'EV_2'), await sign(body))).toBe(401);
  });
  test('is refused when it is serialised anew', async () => {
    expect(await send(JSON.stringify(JSON.parse(body), null, 1), await sign(body))).toBe(401);
  });
  test('is refused when it is old', async () => {
    expect(await send(body, await sign(body, { expires: '-2m' }))).toBe(401);
  });
  test('is refused without an algorithm', async () => {
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const sha256 = createHash('sha256').update(body).digest('base64');
    expect(await send(body, `${part({ alg: 'none' })}.${part({ iss: 'test-key', exp: 4e9, sha256 })}.`)).toBe(401);
  });
});

test.for([
  ['a lead', (): string => `${system.ingestUrl}/v1/leads`, (): string => system.apiKey, 300 * 1_024],
  ['a batch', (): string => `${system.ingestUrl}/v1/leads/batch`, (): string => system.apiKey, 9 * 1_024 * 1_024],
  [
    'a report',
    (): string => `${system.trackerUrl}/v1/reports`,
    (): string => 'test-agent-key-over-http',
    1_100 * 1_024,
  ],
  ['a webhook', (): string => `${system.trackerUrl}/webhooks/livekit`, (): string => 'none', 1_100 * 1_024],
] as const)('%s that is too large is refused by its size', async ([, url, key, bytes]) => {
  const response = await fetch(url(), {
    method: 'POST',
    headers: { authorization: `Bearer ${key()}` },
    body: JSON.stringify({ name: 'x'.repeat(bytes) }),
  });
  expect(response.status).toBe(413);
});

/** What a server says to bytes on a bare socket, until it closes or `ms` are over. */
function say(url: string, bytes: string, ms: number): Promise<string> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    let heard = '';
    const over = (): void => {
      socket.destroy();
      resolve(heard);
    };
    socket.on('data', (chunk) => (heard += chunk.toString()));
    socket.once('error', over);
    socket.once('close', over);
    setTimeout(over, ms).unref();
    socket.write(bytes);
  });
}

test.for([
  ['no HTTP at all', '\u0000\u0001\u0002 leadline\r\n\r\n', / 400 /],
  ['a header that never ends', `POST /v1/leads HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`, / 431 /],
  ['two lengths', 'POST /v1/leads HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\n{}{}{', / 400 /],
  [
    'length and chunks',
    'POST /v1/leads HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    / 400 /,
  ],
] as const)('%s is refused, and the next is served', async ([, bytes, expected]) => {
  for (const url of [system.ingestUrl, system.trackerUrl]) expect(await say(url, bytes, 5_000)).toMatch(expected);
  expect((await fetch(`${system.ingestUrl}/openapi.json`)).status).toBe(200);
});

test('200 senders that dawdle keep nobody from sending', async () => {
  const slow = Array.from({ length: 200 }, () =>
    say(
      system.ingestUrl,
      `POST /v1/leads HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${system.apiKey}\r\ncontent-length: 100\r\n\r\n{`,
      3_000,
    ),
  );
  expect(await system.post(numberEnding('2486'))).toBeGreaterThan(0);
  expect((await Promise.all(slow)).join('')).not.toContain('202');
});
