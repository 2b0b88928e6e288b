import { expect, test } from 'vitest';
import { readIngestConfig } from './config.ts';

const env = { DATABASE_URL: 'postgres://u@h/d', NATS_URL: 'nats://h' };

test('a source may have several keys', () => {
  const text = 'website:0123456789abcdef,website:fedcba9876543210, zapier:with:colons:0123456';
  expect(readIngestConfig({ ...env, API_KEYS: text }).API_KEYS).toEqual([
    { source: 'website', key: '0123456789abcdef' },
    { source: 'website', key: 'fedcba9876543210' },
    { source: 'zapier', key: 'with:colons:0123456' },
  ]);
});

test('a key that is too short is told by its place, never by its text', () => {
  const read = () => readIngestConfig({ ...env, API_KEYS: 'website:0123456789abcdef,zapier:short-one' });
  expect(read).toThrow(/API_KEYS: entry 2/);
  expect(read).not.toThrow(/short-one/);
});
