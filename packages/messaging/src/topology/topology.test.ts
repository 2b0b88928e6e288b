import { publishes } from '@leadline/contracts/publishers';
import { allEvents } from '@leadline/contracts/events/all';
import { expect, test } from 'vitest';
import { permissionsOf, natsUsers } from './permissions.ts';
import { durables, duplicateWindowMs, maxLetterBytes, streamOf, streams } from './topology.ts';

const types = allEvents.map(({ type }) => type);

test('every event has exactly one service that may say it, or is the agent’s', () => {
  const published = [...Object.values(publishes).flat(), ...types.filter((type) => type.startsWith('agent.'))];
  expect(published.toSorted()).toEqual(types.toSorted());
});

test('every durable reads subjects that its stream holds and somebody says', () => {
  for (const { stream, filters } of Object.values(durables)) {
    if (stream === 'ADVISORIES') continue;
    for (const filter of filters) {
      expect(streamOf(filter)).toBe(stream);
      expect(types.some((type) => type === filter || (filter === 'agent.>' && type.startsWith('agent.')))).toBe(true);
    }
  }
});

test('every durable that carries events is heard of by its own service', () => {
  for (const [name, { service, stream }] of Object.entries(durables)) {
    if (stream === 'ADVISORIES') continue;
    const filters: readonly string[] = durables[`advisories-${service}`].filters;
    expect(filters).toContain(`$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.${stream}.${name}`);
    expect(filters).toContain(`$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.${stream}.${name}`);
  }
});

test('the dead letters have room for the largest message of any stream and its headers', () => {
  const largest = Math.max(streams.LEADS.maxMessageBytes, streams.CALLS.maxMessageBytes, streams.AGENT.maxMessageBytes);
  expect(streams.DLQ.maxMessageBytes).toBeGreaterThanOrEqual(largest + 64 * 1024);
});

test('all durables’ shares of dead letters and advisories together are less than their streams', () => {
  const carrying = Object.values(durables).filter(({ stream }) => stream !== 'ADVISORIES').length;
  const headers = 2_048;
  expect(carrying * streams.DLQ.maxMessagesEach * (maxLetterBytes + headers)).toBeLessThan(streams.DLQ.maxBytes);
  // Used up and terminated, each some 400 bytes.
  const advisory = 800;
  expect(2 * carrying * streams.ADVISORIES.maxMessagesEach * advisory).toBeLessThan(streams.ADVISORIES.maxBytes);
});

test('the duplicate window is within what each stream keeps', () => {
  for (const { maxAgeMs } of Object.values(streams)) expect(maxAgeMs).toBeGreaterThan(duplicateWindowMs);
});

test('nobody but the provisioner may create streams, and nobody reads another’s inbox', () => {
  for (const user of natsUsers) {
    const { publish, subscribe } = permissionsOf(user);
    expect(subscribe).toContain(`_INBOX_${user}.>`);
    expect(subscribe.filter((subject) => subject.startsWith('_INBOX') || subject === '>')).toHaveLength(1);
    if (user !== 'provisioner') expect(publish.join(' ')).not.toMatch(/STREAM\.(CREATE|UPDATE|DELETE|PURGE)|API\.>/);
  }
});
