import { publishes } from '@leadline/contracts/publishers';
import { toHeaders } from '@leadline/contracts/envelope';
import { expect, test } from 'vitest';
import { authorshipOf, ownerOf } from './own-event.ts';

const id = '5f0c2f3e-8a55-4a8e-9d36-1a2b3c4d5e6f';
const own = toHeaders({ id, type: 'lead.failed', source: 'dispatcher', subject: 'lead/7', time: new Date(0) });
const of = (headers: Record<string, string>, subject = 'lead.failed') => authorshipOf(subject, (name) => headers[name]);

test('every subject that a service publishes has that one owner, and an agent’s has none', () => {
  for (const [service, subjects] of Object.entries(publishes))
    for (const subject of subjects) expect(ownerOf(subject)).toBe(service);
  expect(ownerOf('agent.ended')).toBeUndefined();
});

test.for([
  ['no envelope at all', {}],
  ['no id', { ...own, 'ce-id': '' }],
  ['an id of no outbox row', { ...own, 'ce-id': 'redrive:1:2' }],
  ['another’s type', { ...own, 'ce-type': 'lead.created' }],
  ['a type in other letters', { ...own, 'ce-type': 'Lead.Failed' }],
  ['another service’s saying', { ...own, 'ce-source': 'ingest' }],
  ['an agent’s saying', { ...own, 'ce-source': 'agent' }],
  ['no time', { ...own, 'ce-time': '' }],
  ['a time that is none', { ...own, 'ce-time': 'yesterday' }],
] as const)('%s: foreign', ([, headers]) => {
  expect(of(headers)).toBe('foreign');
});

test('an event of its owner is its own, in its own subject only', () => {
  expect(of(own)).toBe('own');
  expect(of(own, 'lead.created')).toBe('foreign');
  expect(of(own, 'call.failed')).toBe('foreign');
  expect(of({ ...own, 'leadline-redriven-by': 'asha' })).toBe('redriven');
});

test('whatever of an envelope is missing, and whatever else is there, it is foreign', () => {
  const needed = ['ce-id', 'ce-type', 'ce-source', 'ce-subject', 'ce-time'];
  for (let left = 0; left < 2 ** needed.length - 1; left++) {
    const headers: Record<string, string> = { ...own, 'Nats-Msg-Id': id, traceparent: 'x', 'ce-specversion': '1.0' };
    for (const [bit, name] of needed.entries()) if ((left & (2 ** bit)) === 0) delete headers[name];
    expect(of(headers)).toBe('foreign');
  }
});
