import { expect, test } from 'vitest';
import { versionIsEnough } from './find-nats-server.ts';

test.for([
  ['nats-server: v2.9.10', false],
  ['nats-server: v2.9.25', false],
  ['nats-server: v1.4.1', false],
  ['nats-server: v2.10.0', true],
  ['nats-server: v2.10.27', true],
  ['nats-server: v2.15.1-RC.2', true],
  ['nats-server: v3.0.0', true],
  ['command not found', false],
  ['', false],
] as const)('"%s" is new enough: %s', ([words, enough]) => {
  expect(versionIsEnough(words)).toBe(enough);
});
