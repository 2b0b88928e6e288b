import { expect, test } from 'vitest';
import type { EventLine } from '../live/live-events.ts';
import { toTimeline } from './to-timeline.ts';

const line = (type: string, at: string, no: number, callId: number | null = 7): EventLine => ({
  id: `${no}`,
  no,
  type,
  at: new Date(`2026-11-26T05:00:${at}Z`),
  leadId: 1,
  callId,
  source: 'website',
  data: {},
});
const types = (events: EventLine[]): string[] => toTimeline(events).map(({ type }) => type);

test('what LiveKit tells in whole seconds does not stand before its cause', () => {
  expect(
    types([
      line('call.ringing', '01.000', 1),
      line('call.dialing', '01.412', 2),
      line('agent.ready', '01.300', 3),
      line('lead.created', '01.100', 4, null),
    ]),
  ).toEqual(['lead.created', 'agent.ready', 'call.dialing', 'call.ringing']);
});

test('an attempt that ended in the second in which the next began stands before it', () => {
  expect(
    types([
      line('call.dialing', '02.900', 1, 8),
      line('call.failed', '02.100', 2, 7),
      line('call.ringing', '02.000', 3, 8),
    ]),
  ).toEqual(['call.failed', 'call.dialing', 'call.ringing']);
});

test('a put-back stands as it happened: not dialled, ended, failed, and then what the lead waits for', () => {
  expect(
    types([
      line('lead.retry_scheduled', '03.900', 1, null),
      line('call.failed', '03.800', 2),
      line('call.ended', '03.500', 3),
      line('call.dial_failed', '03.500', 4),
      line('lead.dispatched', '01.000', 5),
    ]),
  ).toEqual(['lead.dispatched', 'call.dial_failed', 'call.ended', 'call.failed', 'lead.retry_scheduled']);
});

test('otherwise the time decides, and then who was kept first', () => {
  expect(types([line('call.pushed', '05.000', 1), line('lead.failed', '04.999', 2)])).toEqual([
    'lead.failed',
    'call.pushed',
  ]);
});
