import { expect, test } from 'vitest';
import { readDispatcherConfig } from './config.ts';

const read = (numbers: string): readonly string[] =>
  readDispatcherConfig({
    DATABASE_URL: 'postgres://db/leadline',
    NATS_URL: 'nats://nats',
    LIVEKIT_URL: 'http://livekit',
    LIVEKIT_API_KEY: 'key',
    LIVEKIT_API_SECRET: 'secret',
    SIP_TRUNK_ID: 'ST_test',
    OPS_KEY: 'a-key-of-the-operators',
    TEST_NUMBERS: numbers,
  }).TEST_NUMBERS;

test('TEST_NUMBERS are numbers between commas, with or without spaces; none by default', () => {
  expect(read('')).toEqual([]);
  expect(read('+919876543210, +91 98123 45678,')).toEqual(['+919876543210', '+919812345678']);
});

test.for(['+919876543210, 123', '9876543210', '+912226543210', '+4915112345678', 'all'])(
  'TEST_NUMBERS of %s is refused by name, and no number is repeated',
  (numbers) => {
    expect(() => read(numbers)).toThrow(
      /: has an entry that is no Indian mobile number \(entry [12]\); write it as \+919876543210$/,
    );
  },
);
