import { toEventWords, type EventTone, type EventWords } from '@leadline/contracts/to-event-words';
import { toClock, type Zone } from './clock.ts';
import type { TailEvent } from './tail-event.ts';

type Colour = 'green' | 'red' | 'yellow' | 'dim' | 'cyan';
type Paint = (format: Colour, text: string) => string;

const colours: Record<EventTone, Colour | undefined> = {
  good: 'green',
  bad: 'red',
  wait: 'yellow',
  plain: undefined,
  unknown: 'dim',
};

/** An event as one line for a person. It shows ids and reasons, but no numbers, names or answers. */
export function toEventLine(event: TailEvent, zone: Zone, paint: Paint): string {
  const about = [
    event.leadId === null ? '' : `lead ${event.leadId}`,
    event.callId === null ? '' : `call ${event.callId}`,
  ].filter((part) => part !== '');
  return [
    paint('dim', toClock(event.time, zone)),
    about.join(' · ').padEnd(20),
    paint('cyan', event.subject.padEnd(20)),
    toPaintedWords(event, zone, paint),
  ].join('  ');
}

/** What happened, in words, coloured as good, bad or waiting. */
export function toPaintedWords(event: TailEvent, zone: Zone, paint: Paint): string {
  const { words, tone } = describe(event, zone);
  const colour = colours[tone];
  return colour === undefined ? words : paint(colour, words);
}

function describe({ letter, subject, data }: TailEvent, zone: Zone): EventWords {
  return letter === null
    ? toEventWords(subject, data, (at) => toClock(at, zone))
    : { words: `${letter.durable} gave up ${letter.subject}: ${letter.reason}`, tone: 'bad' };
}
