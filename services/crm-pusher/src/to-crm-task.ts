import { indianZone } from '@leadline/contracts/indian-time';
import { cutText } from '@leadline/contracts/cut-text';
import { toAnswerTitle } from '@leadline/contracts/modes';
import { z } from 'zod';
import { readPriority } from './to-priority.ts';

/** The configured parts of the mapping, in the vendor's own words. */
export type TaskMapping = { priority: 'low' | 'normal' | 'high' | 'urgent' };

export type QualifiedCall = {
  room: string;
  name: string | null;
  phone: string;
  source: string | null;
  productName: string | null;
  mode: string | null;
  answers: Record<string, string>;
  callbackAt: Date | null;
  /** When to call back, in the words of the agent, if they are no time that a program can read. */
  callbackWords: string | null;
  /** What became of the talk, in the agent's judgement, and the language that the person asked for. */
  disposition: string | null;
  language: string | null;
  /** Who calls back: nobody of the sales team is told to when the voice agent does. */
  callbackKeptBy: 'agent' | 'person' | null;
  callStartedAt: Date;
  /** The same buyer's enquiries while this lead was open, in their order. */
  enquiries: Enquiry[];
};

export type Enquiry = { source: string; productName: string | null; message: string | null; enquiredAt: Date };

/** The vendor documents no lengths; it has accepted these. Counted in UTF-16 units. */
const maxTitle = 200;
const maxDescription = 20_000;
const maxEarlierLine = 60;

/** The body of POST /tasks. The vendor documents its words, but not this body, so only this file knows it. */
export const crmTask = z.object({
  customerId: z.string().min(1),
  titleType: z.enum(['followup', 'callback']),
  title: z.string().min(1).max(maxTitle),
  description: z.string().min(1).max(maxDescription),
  priority: z.enum(['low', 'normal', 'high', 'urgent']),
  status: z.literal('not_started'),
  dueDate: z.string().optional(),
});
export type CrmTask = z.infer<typeof crmTask>;

const maxWishCharacters = 500;

/** Identifies our task by its text, because the vendor has no field for it. Always compared whole. */
export function reference(room: string): string {
  return `[leadline:${room}]`;
}

/**
 * Describes a qualified call as a task for the sales team. The same call and enquiries always give the same task. Cuts
 * long texts between characters: our reference and the person's answers come first, enquiries get the remaining room.
 */
export function toCrmTask(call: QualifiedCall, customerId: string, mapping: TaskMapping): CrmTask {
  const subject = [call.productName, call.name].filter((part) => part !== null && part !== '').join(', ');
  const byAgent = call.callbackKeptBy === 'agent' && call.callbackAt !== null;
  const isCallback = !byAgent && (call.callbackAt !== null || call.callbackWords !== null);
  const title = `${isCallback ? 'Call back' : 'Follow up'}${subject === '' ? '' : `: ${subject}`}`;
  const known = reference(call.room);
  const called = toIndianTime(call.callStartedAt);
  const head = [
    `Called by the voice agent on ${called}${call.source === null ? '' : `, lead from ${call.source}`}.`,
    ...(call.callbackAt === null
      ? []
      : [
          byAgent
            ? `The voice agent calls back on ${toIndianTime(call.callbackAt)}, as was asked for.`
            : `Wishes to be called back on ${toIndianTime(call.callbackAt)}.`,
        ]),
    ...(call.callbackWords === null ? [] : [`Wishes to be called back: "${call.callbackWords}".`]),
    ...(call.disposition === null ? [] : [`Outcome: ${call.disposition.replaceAll('_', ' ')}.`]),
    ...(call.language === null ? [] : [`Wishes to speak ${call.language}.`]),
  ];
  const answerLines = Object.entries(call.answers).map(([key, value]) => `${toAnswerTitle(key)}: ${value}`);
  const answers = fit(answerLines, maxDescription - lengthOf([...head, known]));
  const enquiries = newest(call.enquiries.map(toEnquiryLine), maxDescription - lengthOf([...head, ...answers, known]));
  return crmTask.parse({
    customerId,
    titleType: isCallback ? 'callback' : 'followup',
    title: cutText(title, maxTitle),
    description: [...head, ...answers, known, ...enquiries].join('\n'),
    priority: readPriority(call.answers['seriousness'] ?? '') ?? mapping.priority,
    status: 'not_started',
    ...(call.callbackAt === null || byAgent ? {} : { dueDate: call.callbackAt.toISOString() }),
  });
}

/** The length with a line break after each. */
function lengthOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + line.length + 1, 0);
}

/** Fits all of these lines into the room: it cuts the long ones and keeps the short ones whole. */
function fit(lines: readonly string[], room: number): string[] {
  const shortestFirst = lines.map((line, at) => ({ line, at })).toSorted((a, b) => a.line.length - b.line.length);
  const fitted: string[] = Array.from({ length: lines.length }, () => '');
  let left = room;
  for (const [done, { line, at }] of shortestFirst.entries()) {
    const share = Math.floor(left / (lines.length - done)) - 1;
    const cut = cutText(line, Math.max(0, share));
    fitted[at] = cut;
    left -= cut.length + 1;
  }
  return fitted.filter((line) => line !== '');
}

/** The newest of these lines that fit, and a note about the others. */
function newest(lines: readonly string[], room: number): string[] {
  if (lengthOf(lines) <= room) return [...lines];
  const kept: string[] = [];
  let left = room - maxEarlierLine;
  for (const line of lines.toReversed()) {
    if (line.length + 1 > left) break;
    kept.unshift(line);
    left -= line.length + 1;
  }
  const earlier = `${lines.length - kept.length} earlier enquiries are on the lead’s page.`;
  return earlier.length < room ? [earlier, ...kept] : [];
}

/** The agent may not have known about it, because it may have come during the talk. */
export function toEnquiryLine({ source, productName, message, enquiredAt }: Enquiry): string {
  const wish = [productName, message].filter((part) => part !== null && part !== '').join(': ');
  return `Asked again on ${toIndianTime(enquiredAt)} over ${source}${wish === '' ? '.' : `: ${cutText(wish, maxWishCharacters)}`}`;
}

/** For a person who reads the task. */
export function toIndianTime(at: Date): string {
  return new Intl.DateTimeFormat('en-IN', { timeZone: indianZone, dateStyle: 'medium', timeStyle: 'short' }).format(at);
}

/** The customer's number in the CRM's form: country code and digits, without a plus. */
export function toCrmMobile(phone: string): string {
  return phone.replaceAll(/\D/g, '');
}
