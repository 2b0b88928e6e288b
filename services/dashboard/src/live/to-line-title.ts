import { toEventTitle, type EventWords } from '@leadline/contracts/to-event-words';
import { toShortDateAndClock } from '../web/indian-format.ts';
import type { EventLine } from './live-events.ts';

/** A kept event as the live page and a lead's timeline show it. */
export function toLineTitle({ type, data, source, callId }: EventLine): EventWords {
  return toEventTitle(type, { ...data, source, callId }, toShortDateAndClock);
}
