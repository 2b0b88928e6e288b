import { readAgentReport } from '@leadline/contracts/to-agent-report';
import { toClock, type Zone } from './clock.ts';
import type { TailEvent } from './tail-event.ts';

type Tone = 'green' | 'red' | 'yellow' | 'dim' | 'cyan';
type Paint = (format: Tone, text: string) => string;

/** An event as one line for a person. Ids and reasons only: numbers, names and answers are left out. */
export function toEventLine(event: TailEvent, zone: Zone, paint: Paint): string {
  const { words, tone } = toEventWords(event, zone);
  const about = [
    event.leadId === null ? '' : `lead ${event.leadId}`,
    event.callId === null ? '' : `call ${event.callId}`,
  ].filter((part) => part !== '');
  return [
    paint('dim', toClock(event.time, zone)),
    about.join(' · ').padEnd(20),
    paint('cyan', event.subject.padEnd(20)),
    tone === undefined ? words : paint(tone, words),
  ].join('  ');
}

/** What happened, in words, and how it is to be taken. */
export function toEventWords(event: TailEvent, zone: Zone): { words: string; tone: Tone | undefined } {
  const { data, letter } = event;
  const read = (key: string): string => {
    const value = data[key];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : 'unknown';
  };
  const say = (key: string): string => read(key).replaceAll('_', ' ');
  const until = (key: string): string => {
    const at = new Date(read(key));
    return Number.isNaN(at.getTime()) ? '' : ` until ${toClock(at, zone)}`;
  };
  const sip = typeof data['sipStatus'] === 'number' ? ` (SIP ${data['sipStatus']})` : '';
  if (letter !== null) {
    return { words: `${letter.durable} gave up ${letter.subject}: ${letter.reason}`, tone: 'red' };
  }
  switch (event.subject) {
    case 'lead.created':
      return { words: `came in from ${read('source')}`, tone: undefined };
    case 'lead.enquiry_added':
      return { words: `asked again over ${read('enquirySource')}; no second call`, tone: undefined };
    case 'lead.dispatched':
      return { words: `is being rung, attempt ${say('attempt')}`, tone: undefined };
    case 'lead.retry_scheduled':
      return { words: `${say('reason')}: rung again, waits${until('retryAt')}`, tone: 'yellow' };
    case 'lead.postponed':
      return { words: `waits: ${say('reason')}${until('until')}`, tone: 'yellow' };
    case 'lead.failed':
      return { words: `is given up: ${say('reason')}`, tone: 'red' };
    case 'call.dialing':
      return { words: `is dialled, attempt ${say('attempt')}`, tone: undefined };
    case 'call.dial_failed':
      return { words: `the dial failed: ${say('reason')}${sip}`, tone: 'red' };
    case 'call.ringing':
      return { words: 'rings', tone: undefined };
    case 'call.answered':
      return { words: 'is answered', tone: 'green' };
    case 'call.qualified':
      return { words: `is qualified (${say('mode')})`, tone: 'green' };
    case 'call.failed':
      return { words: `failed: ${say('reason')}${sip}`, tone: 'red' };
    case 'call.ended':
      return { words: `ended after ${read('durationSeconds')} s, talked ${read('talkSeconds')} s`, tone: undefined };
    case 'call.pushed':
      return { words: `is task ${read('taskId')} in the CRM`, tone: 'green' };
    case 'call.push_failed':
      return { words: `was refused by the CRM: ${say('errorClass')}`, tone: 'red' };
    case 'agent.ready':
      return { words: 'the agent is ready', tone: undefined };
    case 'agent.qualified':
    case 'agent.ended':
      return { words: toReportWords(event), tone: undefined };
    default:
      return { words: event.subject.startsWith('dlq.redriven.') ? 'a dead letter was sent back' : '', tone: 'dim' };
  }
}

/** Which questions were answered, and which fields could not be read; what was said stays with the call. */
function toReportWords({ subject, data }: TailEvent): string {
  const read = readAgentReport(subject, { room: 'told beside it', ...data });
  if (!read.ok || read.report.type === 'agent.ready') return 'the agent said something that can not be read';
  const { report } = read;
  const keptUnread = Array.isArray(data['unread']) ? data['unread'].filter((field) => typeof field === 'string') : [];
  const unread = new Set([
    ...read.notes.filter(({ outcome }) => outcome !== 'words').map(({ field }) => field),
    ...keptUnread,
  ]);
  const said =
    report.type === 'agent.ended'
      ? `the agent’s last word: ended by ${report.endedBy ?? 'unknown'}`
      : `the agent learnt ${Object.keys(report.answers).join(', ').replaceAll('_', ' ') || 'nothing yet'}`;
  const wish = report.doNotCall ? ', never to be called again' : '';
  return `${said}${wish}${unread.size === 0 ? '' : `; could not be read: ${[...unread].join(', ')}`}`;
}
