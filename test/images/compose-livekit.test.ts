import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const service = z.object({
  image: z.string().optional(),
  network_mode: z.string().optional(),
  ports: z.array(z.string()).default([]),
  environment: z.record(z.string(), z.unknown()).default({}),
});
const read = (file: string) =>
  z
    .object({ services: z.record(z.string(), service) })
    .parse(parse(readFileSync(join(import.meta.dirname, '../../deploy', file), 'utf8'), { merge: true })).services;

const ours = read('compose.yaml');
const theirs = read('compose.livekit.yaml');
/** As Compose fills in what nobody set. */
const filled = (text: unknown): string => String(text).replaceAll(/\$\{[A-Z_]+(?::-([^}]*)|:\?)\}/g, '$1');
const config = (name: string, variable: string): unknown => parse(filled(theirs[name]?.environment[variable]));

const shape = z.looseObject({
  port: z.number().optional(),
  sip_port: z.number().optional(),
  rtc: z.looseObject({ tcp_port: z.number(), udp_port: z.number() }).optional(),
  redis: z.looseObject({ address: z.string() }),
  webhook: z.looseObject({ urls: z.array(z.string()) }).optional(),
});

test('server and bridge name one Redis, and no port is taken twice on the machine', () => {
  const server = shape.parse(config('livekit', 'LIVEKIT_CONFIG'));
  const bridge = shape.parse(config('sip', 'SIP_CONFIG_BODY'));
  expect(server.redis).toEqual(bridge.redis);
  const published = Object.values(ours).flatMap(({ ports }) =>
    ports.map((port) => Number(filled(port).split(':').at(-2))),
  );
  const taken = [
    server.port,
    server.rtc?.tcp_port,
    server.rtc?.udp_port,
    bridge.sip_port,
    Number(server.redis.address.split(':').at(-1)),
    ...published,
  ];
  expect(taken.every((port) => Number.isInteger(port))).toBe(true);
  expect(new Set(taken).size).toBe(taken.length);
});

test('LiveKit sends its webhooks to where the call-tracker is published', () => {
  const { webhook } = shape.parse(config('livekit', 'LIVEKIT_CONFIG'));
  const port = filled(ours['call-tracker']?.ports[0]).split(':').at(-2);
  expect(webhook?.urls).toEqual([`http://127.0.0.1:${port}/webhooks/livekit`]);
});

test('what it adds has an image of its own or is a service of ours, and images have versions', () => {
  for (const [name, { image }] of Object.entries(theirs)) {
    if (image === undefined) expect(Object.keys(ours)).toContain(name);
    else expect(filled(image)).toMatch(/:v?\d/);
  }
});
