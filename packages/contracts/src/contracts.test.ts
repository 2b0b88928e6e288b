import { Parser } from '@asyncapi/parser';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fromHeaders, toHeaders } from './envelope.ts';
import { allEvents } from './events/all.ts';
import { jobMetadata } from './job-metadata.ts';
import { callIdOfRoom, roomName } from './room-name.ts';
import { toAsyncApi } from './to-asyncapi.ts';

const sample = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../samples/${name}.json`, import.meta.url), 'utf8'));

test.for(allEvents)('the golden sample of $type still parses, unchanged', ({ type, schema }) => {
  const golden = sample(type.replaceAll(/[._]/g, '-'));
  expect(schema.parse(golden)).toEqual(golden);
});

test.for(allEvents)('$type ignores keys that a newer publisher adds', ({ type, schema }) => {
  const golden = sample(type.replaceAll(/[._]/g, '-'));
  expect(schema.parse({ ...(golden as object), addedLater: 1 })).toEqual(golden);
});

test.for(allEvents.filter(({ type }) => !type.startsWith('agent.')))(
  '$type has no place for a name, a number or an answer',
  ({ schema }) => {
    expect(JSON.stringify(schema)).not.toMatch(/"(name|phone|email|qualification|answers)":/);
  },
);

test.for(['job-metadata', 'job-metadata-of-yesterday'])('the golden sample %s still parses, unchanged', (name) => {
  expect(jobMetadata.parse(sample(name))).toEqual(sample(name));
});

test('the AsyncAPI document is valid', async () => {
  const { diagnostics } = await new Parser().parse(JSON.stringify(toAsyncApi()));
  expect(diagnostics.filter((diagnostic) => diagnostic.severity === 0)).toEqual([]);
});

test('the committed AsyncAPI document is up to date', () => {
  const committed = readFileSync(new URL('../asyncapi.json', import.meta.url), 'utf8');
  expect(JSON.parse(committed)).toEqual(JSON.parse(JSON.stringify(toAsyncApi())));
});

test('headers carry the envelope there and back, whatever is in it', () => {
  const envelope = {
    id: 'a "quoted" 100% id',
    type: 'agent.ready',
    source: 'voice agent ☎',
    subject: 'call/7',
    time: new Date('2026-11-24T05:30:00.000Z'),
  };
  const headers = toHeaders(envelope);
  expect(Object.values(headers).join('')).toMatch(/^[\u0021-\u007e]+$/);
  expect(fromHeaders((name) => headers[name])).toEqual(envelope);
});

test('a missing attribute is named', () => {
  expect(() => fromHeaders((name) => (name === 'ce-id' ? undefined : 'x'))).toThrow(/id/);
});

test('a room tells its call, and a foreign room none', () => {
  expect(callIdOfRoom(roomName(42, 'abcdef123456'))).toBe(42);
  expect(callIdOfRoom('ignitech-lead-42')).toBeUndefined();
  expect(callIdOfRoom('call-99999999999-abcdef123456')).toBeUndefined();
});
