import { indianZone } from '@leadline/contracts/indian-time';
import { toEventWords } from '@leadline/contracts/to-event-words';

/** Only these events; the others tell a watching person nothing new. */
const shown = new Set([
  'lead.created',
  'lead.enquiry_added',
  'lead.retry_scheduled',
  'lead.postponed',
  'lead.callback_promised',
  'lead.callback_moved',
  'lead.callback_closed',
  'lead.failed',
  'lead.callback_promised',
  'lead.callback_moved',
  'lead.callback_closed',
  'call.dialing',
  'call.ringing',
  'call.answered',
  'call.qualified',
  'call.failed',
  'call.pushed',
  'call.push_failed',
]);

/** An event as a line for a person who watches. Ids only, because events hold no numbers or names. */
export function toStepLine(type: string, data: Record<string, unknown>): string | undefined {
  if (!shown.has(type)) return undefined;
  const about = [
    typeof data['leadId'] === 'number' ? `lead ${data['leadId']}` : '',
    typeof data['callId'] === 'number' && type.startsWith('call.') ? `call ${data['callId']}` : '',
  ];
  const named = about.filter((part) => part !== '').join(' · ');
  return `${named.padEnd(20)} ${toEventWords(type, data, toClock).words}`;
}

/** The time in India. */
export function toClock(at: Date): string {
  return at.toLocaleTimeString('en-IN', { timeZone: indianZone, hourCycle: 'h23' });
}
