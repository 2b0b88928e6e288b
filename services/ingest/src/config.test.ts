import { expect, test } from 'vitest';
import { readIngestConfig } from './config.ts';
import { openFindSource } from './api/find-source.ts';

const env = { DATABASE_URL: 'postgres://u@h/d', NATS_URL: 'nats://h' };

test('a source may have several keys, and a key tells its source', () => {
  const text = 'website:0123456789abcdef,website:fedcba9876543210, zapier:with:colons:0123456';
  const findSource = openFindSource(readIngestConfig({ ...env, API_KEYS: text }).API_KEYS);
  expect(findSource('Bearer 0123456789abcdef')).toBe('website');
  expect(findSource('bearer fedcba9876543210')).toBe('website');
  expect(findSource('Bearer with:colons:0123456')).toBe('zapier');
});

test.for([undefined, '', 'Bearer', 'Bearer ', 'Bearer 0123456789abcde', 'Basic 0123456789abcdef', 'Bearer undefined'])(
  'nobody comes with %s',
  (header) => {
    const findSource = openFindSource([{ source: 'website', key: '0123456789abcdef' }]);
    expect(findSource(header)).toBeUndefined();
  },
);

test('a key that is too short is told by its place, never by its text', () => {
  const read = () => readIngestConfig({ ...env, API_KEYS: 'website:0123456789abcdef,zapier:short-one' });
  expect(read).toThrow(/API_KEYS: entry 2/);
  expect(read).not.toThrow(/short-one/);
});
