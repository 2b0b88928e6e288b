import type { EventLine } from '../live/live-events.ts';

/** LiveKit reports whole seconds; within one second we show events in their usual order. */
const order = [
  'lead.created',
  'lead.postponed',
  'agent.ready',
  'call.dialing',
  'call.ringing',
  'lead.dispatched',
  'call.answered',
  'call.dial_failed',
  'agent.qualified',
  'agent.callback_requested',
  'agent.ended',
  'call.ended',
  'call.qualified',
  'call.failed',
  'call.pushed',
  'call.push_failed',
  'lead.callback_promised',
  'lead.callback_moved',
  'lead.callback_closed',
  'lead.retry_scheduled',
  'lead.failed',
];

/** A lead's events as a story, oldest first, in whatever order they came. */
export function toTimeline(events: readonly EventLine[]): EventLine[] {
  // An event without a call happened before all calls, or is about their outcome.
  const call = ({ callId, type }: EventLine): number =>
    callId ?? (type === 'lead.created' || type === 'lead.postponed' ? 0 : Infinity);
  const second = ({ at }: EventLine): number => Math.floor(at.getTime() / 1_000);
  return events.toSorted(
    (a, b) =>
      second(a) - second(b) ||
      (call(a) === call(b) ? 0 : call(a) - call(b)) ||
      order.indexOf(a.type) - order.indexOf(b.type) ||
      a.at.getTime() - b.at.getTime() ||
      a.no - b.no,
  );
}
