import { expect, test } from 'vitest';
import { publishingServices, services, serviceOf } from './services.ts';

test.for(services)('every spelling of $name follows from its name', ({ name, key, role, outbox, env }) => {
  const snake = name.replaceAll('-', '_');
  expect(key).toBe(name.replaceAll(/-(\w)/g, (_all, letter: string) => letter.toUpperCase()));
  expect(role).toBe(`leadline_${snake}`);
  expect([null, `${snake}_outbox`]).toContain(outbox);
  expect(env).toBe(snake.toUpperCase());
  expect([serviceOf(name).name, serviceOf(key).name]).toEqual([name, name]);
});

test('the four that ring, hear and push publish, and the dashboard only looks', () => {
  expect(publishingServices).toEqual(['ingest', 'dispatcher', 'call-tracker', 'crm-pusher']);
});
