import { readNumber, readNumbered, readYear } from './read-number.ts';
import { isMark, type DaySaid, type Saying, type What } from './saying.ts';
import type { Mark, Word } from './words.ts';

const nothing: Saying = {
  day: null,
  weekday: null,
  time: null,
  part: null,
  moment: null,
  delayMinutes: null,
  after: null,
  before: null,
  loose: false,
  now: false,
  soon: false,
};

/** One entry for each alternative: "kal ya parso, 5 baje" has two, and both have the time. */
export function toSayings(words: readonly Word[]): Saying[] {
  const left = withoutDenied(withSharedWords(words));
  const alternatives = splitAt(left, 'or').map(readOne).filter(saysAnything);
  return shareAmong(alternatives);
}

function splitAt(words: readonly Word[], ...marks: Mark[]): Word[][] {
  const pieces: Word[][] = [[]];
  for (const word of words) {
    if (isMark(word, ...marks)) pieces.push([]);
    else pieces.at(-1)?.push(word);
  }
  return pieces;
}

/**
 * Two numbers may share the word behind them: "4 ya 5 baje" is "4 baje ya 5 baje"; "do teen ghante" is a stretch of
 * hours.
 */
function withSharedWords(words: readonly Word[]): Word[] {
  const shared: Word[] = [];
  for (let at = 0; at < words.length; at++) {
    const [first, ...behind] = words.slice(at, at + 4);
    if (first === undefined) break;
    shared.push(first);
    // "Teen saadhe teen baje": three or half past three.
    const fraction = first.kind === 'number' ? behind[0] : undefined;
    const same = fraction?.kind === 'fraction' ? behind[1] : undefined;
    if (first.kind === 'number' && same?.kind === 'number' && same.value === first.value) {
      const unit = behind[2]?.kind === 'unit' ? behind[2] : undefined;
      shared.push(unit ?? { kind: 'mark', mark: 'baje' }, { kind: 'mark', mark: 'or' });
      continue;
    }
    if (first.kind !== 'number' && first.kind !== 'clock') continue;
    const [next, afterNext, third] = behind;
    const between = isMark(next, 'or', 'range') ? next : undefined;
    const [second, what] = between === undefined ? [next, afterNext] : [afterNext, third];
    if (second?.kind !== 'number' && second?.kind !== 'clock') continue;
    const isShared = what?.kind === 'unit' || what?.kind === 'half' || isMark(what, 'baje');
    const isBetween = isMark(words[at - 1], 'range') && isMark(between, 'range');
    const most = between !== undefined ? Infinity : what?.kind === 'unit' && what.unit !== 'hour' ? 10 : 2;
    // "Between 11 and 1" goes past noon.
    const pastNoon = isBetween && valueOf(second) <= 12 && valueOf(first) > valueOf(second) ? 12 : 0;
    const apart = valueOf(second) + pastNoon - valueOf(first);
    if ((!isShared && !isBetween) || apart <= 0 || apart > most) continue;
    shared.push(isShared && what !== undefined ? what : { kind: 'mark', mark: 'baje' });
    if (between === undefined) shared.push({ kind: 'mark', mark: 'range' });
  }
  return shared;
}

function valueOf(word: Word): number {
  return word.kind === 'number' ? word.value : word.kind === 'clock' ? word.minutes / 60 : 0;
}

function isOfTime(word: Word): boolean {
  return !['other', 'mark'].includes(word.kind) && !(word.kind === 'number' && word.spelled === 'doubtful');
}

/** Removes what the words deny, as in "kal nahi, parso" and "not today, tomorrow", and whole pieces about the past. */
function withoutDenied(words: readonly Word[]): Word[] {
  return splitAt(words, 'comma', 'break').flatMap((piece) => {
    if (piece.some((word) => isMark(word, 'over'))) return [];
    const at = piece.findIndex((word) => isMark(word, 'not'));
    if (at === -1) return [...piece, { kind: 'mark', mark: 'comma' } as const];
    const [before, behind] = [piece.slice(0, at), piece.slice(at + 1)];
    if (before.some((word) => isOfTime(word) || isMark(word, 'now'))) return withoutDenied(behind);
    const [denied] = behind.flatMap((word, index) => (isOfTime(word) || isMark(word, 'now') ? [index] : []));
    return denied === undefined ? [] : behind.slice(denied + 1);
  });
}

function saysAnything({ day, weekday, time, part, moment, delayMinutes, now, soon }: Saying): boolean {
  return [day, weekday, time, part, moment, delayMinutes].some((piece) => piece !== null) || now || soon;
}

/** An alternative takes what it lacks from the next one, or from the one before. */
function shareAmong(sayings: Saying[]): Saying[] {
  const clock = (saying: Saying | undefined) => saying !== undefined && (saying.time !== null || saying.part !== null);
  return sayings.map((saying, at) => {
    if (saying.delayMinutes !== null) return saying;
    const others = [...sayings.slice(at + 1), ...sayings.slice(0, at).toReversed()];
    const dayFrom =
      saying.day ?? saying.weekday ?? others.find((other) => other.day !== null || other.weekday !== null);
    const clockFrom = clock(saying) || saying.moment !== null ? undefined : others.find((other) => clock(other));
    const part =
      saying.part ?? (saying.time === null ? null : (others.find((other) => other.part !== null)?.part ?? null));
    // "4 ya 5 baje ke baad": both are beginnings, unless each has a day of its own.
    const later = sayings.slice(at + 1).find(({ after }) => after === 'time');
    const isApart = later !== undefined && saysDay(saying) && saysDay(later);
    const after = saying.after ?? (saying.time !== null && !isApart ? (later?.after ?? null) : null);
    return {
      ...saying,
      after,
      ...(typeof dayFrom === 'object' && dayFrom !== null && 'soon' in dayFrom
        ? { day: dayFrom.day, weekday: dayFrom.weekday }
        : {}),
      part,
      ...(clockFrom === undefined ? {} : { time: clockFrom.time, part: clockFrom.part, after: clockFrom.after }),
    };
  });
}

function saysDay({ day, weekday }: Saying): boolean {
  return day !== null || weekday !== null;
}

/** Reads one alternative from left to right; later words correct earlier ones. */
function readOne(words: readonly Word[]): Saying {
  let saying = nothing;
  let last: What | null = null;
  let afterAhead: 'after' | 'before' | null = null;
  let which: 'next' | 'this' | null = null;
  // "Next to next week" is the one after the next.
  let nexts = 0;
  const put = (what: What, change: Partial<Saying>): void => {
    saying = { ...saying, ...change };
    if (afterAhead !== null && what !== 'delay') saying = { ...saying, [afterAhead]: what };
    afterAhead = null;
    last = what;
  };
  for (let at = 0; at < words.length;) {
    const number = readNumber(words, at);
    if (number !== undefined) {
      const said = readNumbered(words, number, which, last !== null || afterAhead !== null);
      at = said.next;
      if (said.what === null) saying = { ...saying, ...said.change };
      else {
        const stretch = saying.time !== null && isMark(words[number.at - 1], 'range') && said.what === 'time';
        if (stretch) saying = { ...saying, loose: true };
        else put(said.what, sumOfDelays(saying, said.change, words[number.at - 1]));
      }
      continue;
    }
    const word = words[at];
    at += 1;
    if (word === undefined) break;
    switch (word.kind) {
      case 'clock': {
        const half = words[at];
        const stretch = saying.time !== null && isMark(words[at - 2], 'range');
        if (stretch) saying = { ...saying, loose: true };
        else
          put('time', {
            time: { minutes: word.minutes, sure: word.sure, half: half?.kind === 'half' ? half.half : null },
          });
        break;
      }
      case 'half':
        if (saying.time !== null) saying = { ...saying, time: { ...saying.time, half: word.half } };
        break;
      case 'date':
        put('day', { day: { kind: 'date', date: word.date, month: word.month, year: word.year, nextMonth: false } });
        break;
      case 'day':
        put('day', { day: { kind: 'offset', days: word.offset } });
        break;
      case 'weekday':
        put('day', { weekday: word.weekday, ...(which === null ? {} : { day: weekOf(which, word.weekday) }) });
        which = null;
        break;
      case 'month': {
        const behind = readNumber(words, at);
        if (behind === undefined || behind.value > 31) break;
        at = behind.next;
        const year = readYear(words, at);
        at = year.next;
        put('day', {
          day: { kind: 'date', date: behind.value, month: word.month, year: year.value, nextMonth: false },
        });
        break;
      }
      case 'part':
        put('time', { part: word.part });
        break;
      case 'moment':
        put('time', { moment: { minutes: word.minutes, over: word.over } });
        break;
      case 'unit':
        if (which !== null && (word.unit === 'week' || word.unit === 'month')) {
          const day = unitAhead(word.unit, which, words.slice(at));
          put('day', { day: day.kind === 'week' && nexts > 1 ? { ...day, weeks: nexts } : day });
          which = null;
        } else if (word.unit === 'hour' && isMark(words[at], 'in')) {
          put('delay', { delayMinutes: 60 });
        } else if (word.unit === 'day' && isMark(words[at], 'in') && saying.part === null) {
          put('time', { part: 'afternoon' });
        }
        break;
      case 'mark': {
        if (word.mark === 'next' || word.mark === 'this') which = word.mark;
        if (word.mark === 'next') nexts += 1;
        // "On the 15th after 4": what follows is a time on that day.
        const ahead = last === 'day' && ['number', 'clock', 'moment'].includes(words[at]?.kind ?? '');
        const read = readMark(word.mark, ahead ? null : last, saying);
        afterAhead = read.ahead ?? afterAhead;
        saying = { ...saying, ...read.change };
        if (word.mark === 'weekend') {
          put('day', { day: { kind: 'weekend', weeks: which === 'next' ? 1 : 0 } });
          which = null;
        }
        if (word.mark === 'month_end' || word.mark === 'month_start') {
          const isNext = which === 'next' || word.mark === 'month_start';
          put('day', {
            day: word.mark === 'month_end' ? { kind: 'month_end', nextMonth: isNext } : { kind: 'next_month' },
          });
          which = null;
        }
        break;
      }
      case 'fraction':
      case 'number':
      case 'other':
        break;
    }
  }
  return saying;
}

/** "1 hr 30 min": minutes right behind hours add to them. */
function sumOfDelays(saying: Saying, change: Partial<Saying>, before: Word | undefined): Partial<Saying> {
  const [hours, minutes] = [saying.delayMinutes, change.delayMinutes];
  const follows = before?.kind === 'unit' && before.unit === 'hour';
  if (typeof hours !== 'number' || typeof minutes !== 'number' || !follows || minutes >= 60) return change;
  return { ...change, delayMinutes: hours + minutes };
}

function weekOf(which: 'next' | 'this', weekday: number): DaySaid {
  return { kind: 'weekday', weekday, which };
}

function unitAhead(unit: 'week' | 'month', which: 'next' | 'this', behind: readonly Word[]): DaySaid {
  if (unit === 'week') return { kind: 'week', weeks: which === 'next' ? 1 : 0 };
  const date = readNumber(behind, 0) ?? readNumber(behind, 1);
  return which === 'next' && date !== undefined && isMark(behind[date.next], 'date')
    ? { kind: 'date', date: date.value, month: null, year: null, nextMonth: true }
    : which === 'next'
      ? { kind: 'next_month' }
      : { kind: 'offset', days: 0 };
}

/** "5 baje ke baad" has the mark after the time, "after 5" before it; a delay has already used it. */
function readMark(
  mark: Mark,
  last: What | null,
  saying: Saying,
): { ahead?: 'after' | 'before'; change: Partial<Saying> } {
  if (mark === 'now') return { change: { now: true } };
  if (mark === 'soon') return { change: { soon: true } };
  const bound = mark === 'after' ? 'after' : mark === 'before' || mark === 'until' ? 'before' : null;
  if (bound === null || last === 'delay') return { change: {} };
  if (last === null) return { ahead: bound, change: {} };
  return { change: saying[bound] === null ? { [bound]: last } : {} };
}
