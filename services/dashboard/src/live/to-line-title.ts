import { toEventTitle, type EventWords } from '@leadline/contracts/to-event-words';
import { toShortDateAndClock } from '../web/indian-format.ts';
import type { EventLine } from './live-events.ts';

/** An event's title, on the live page and in a lead's timeline. */
export function toLineTitle({ type, data, source, callId }: EventLine): EventWords {
  return toEventTitle(type, { ...data, source, callId }, toShortDateAndClock);
}
