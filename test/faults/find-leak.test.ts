import { expect, test } from 'vitest';
import { findLeak } from './find-leak.ts';

const numbers = ['9025012345'];

test.for([
  'phone=+919025012345',
  'Lead-Phone: 919025012345',
  '{"msg":"rang 9025012345"}',
  'sip:+919025012345@trunk.example',
  'Nats-Msg-Id: 7-9025012345',
])('a number is found in %s', (text) => {
  expect(findLeak(text, [], numbers)).toContain('9025… after');
});

test.for([
  'Nats-Msg-Id: 0b0e9f3c-90d1-4f4e-8a55-a19025012345',
  'traceparent: 00-4bf92f3577b34da6a39025012345736a-00f067aa0ba902b7-01',
  'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-a39025012345d2b7-01',
])('ten digits of a random id are no number: %s', (text) => {
  expect(findLeak(text, [], numbers)).toBeUndefined();
});

test('words and signed tokens are found, told by how they begin', () => {
  expect(findLeak('{"name":"Canary Kumar"}', ['Canary Kumar'], numbers)).toBe(String.raw`Cana… after "{\"name\":\""`);
  const token = ['eyJhbGciOiJIUzI1NiJ9', 'eyJ2aWRlbyI6e30sImEiOjF9', 'c2lnbmF0dXJlLW9m'].join('.');
  expect(findLeak(`authorization: Bearer ${token}`, [], numbers)).toBe('eyJh… after "authorization: Bearer "');
});
