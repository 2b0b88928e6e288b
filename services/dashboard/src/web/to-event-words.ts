import { toShortDateAndClock, toWords } from './indian-format.ts';

export type Tone = 'good' | 'bad' | 'wait' | 'plain';

/** An event as a person reads it in a lead's timeline. */
export function toEventWords(type: string, data: Record<string, unknown>): { words: string; tone: Tone } {
  const text = (key: string): string | undefined => {
    const value = data[key];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  };
  const reason = toWords(text('reason') ?? 'no reason told');
  const until = (key: string): string => {
    const value = text(key);
    return value === undefined ? '' : ` until ${toShortDateAndClock(new Date(value))}`;
  };
  const sip = text('sipStatus') === undefined ? '' : ` (SIP ${text('sipStatus')})`;
  const wish = data['doNotCall'] === true ? ', asked never to be called again' : '';
  switch (type) {
    case 'lead.created':
      return { words: 'Came in', tone: 'plain' };
    case 'lead.enquiry_added':
      return { words: `Asked again, over ${text('enquirySource') ?? 'a source not told'}`, tone: 'plain' };
    case 'lead.dispatched':
      return data['because'] === 'told_to_crm'
        ? {
            words: `Needs no call: talked in call ${text('callId') ?? '?'} a moment ago, and the CRM has been told`,
            tone: 'good',
          }
        : { words: 'The phone leg exists', tone: 'plain' };
    case 'lead.retry_scheduled':
      return { words: `Rung again later: ${reason}, waits${until('retryAt')}`, tone: 'wait' };
    case 'lead.postponed':
      return { words: `Waits: ${reason}${until('until')}`, tone: 'wait' };
    case 'lead.failed':
      return { words: `Given up: ${reason}`, tone: 'bad' };
    case 'call.dialing':
      return { words: `Dialled, attempt ${text('attempt') ?? '?'}`, tone: 'plain' };
    case 'call.ringing':
      return { words: 'Rings', tone: 'plain' };
    case 'call.answered':
      return { words: 'Answered', tone: 'good' };
    case 'call.dial_failed':
      return { words: `The dial failed: ${reason}${sip}`, tone: 'bad' };
    case 'call.qualified':
      return { words: `Qualified (${toWords(text('mode') ?? 'mode not told')})`, tone: 'good' };
    case 'call.failed':
      return { words: `The call failed: ${reason}${sip}`, tone: 'bad' };
    case 'call.ended':
      return {
        words: `Ended after ${text('durationSeconds') ?? '?'} s, talked ${text('talkSeconds') ?? '?'} s`,
        tone: 'plain',
      };
    case 'call.pushed':
      return { words: `Task ${text('taskId') ?? '?'} is in the CRM`, tone: 'good' };
    case 'call.push_failed':
      return { words: `Refused by the CRM: ${toWords(text('errorClass') ?? 'not told why')}`, tone: 'bad' };
    case 'agent.ready':
      return { words: 'The agent is ready', tone: 'plain' };
    case 'agent.qualified':
      return { words: `The agent learnt ${toList(data['answered'])}${wish}${toUnread(data['unread'])}`, tone: 'good' };
    case 'agent.ended':
      return {
        words: `The agent’s last word: ended by ${text('endedBy') ?? 'nobody told'}${wish}${toUnread(data['unread'])}`,
        tone: 'plain',
      };
    default:
      return { words: type, tone: 'plain' };
  }
}

function toList(keys: unknown): string {
  const names = Array.isArray(keys) ? keys.filter((key) => typeof key === 'string').map(toWords) : [];
  return names.length === 0 ? 'nothing yet' : names.join(', ');
}

/** Names of fields only: what stood there could not be read, or may be personal. */
function toUnread(fields: unknown): string {
  const names = Array.isArray(fields) ? fields.filter((field) => typeof field === 'string') : [];
  return names.length === 0 ? '' : `; could not be read: ${names.join(', ')}`;
}
