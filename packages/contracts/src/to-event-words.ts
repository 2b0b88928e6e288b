import { machines, type AnsweredByCategory } from './answered-by.ts';
import { readKeptReport } from './kept-report.ts';
import { notDialledReason, toNotDialledWords } from './not-dialled.ts';

/** How good the event is for us; `unknown`: it is no event of ours. */
export type EventTone = 'good' | 'bad' | 'wait' | 'plain' | 'unknown';
export type EventWords = { words: string; tone: EventTone };

/**
 * What happened to a lead or call, in words such as "is dialled, attempt 1". Command line, `npm start` and dashboard
 * all take their words from here. It shows ids and reasons, but no numbers, names or answers. `data` is an event's
 * payload, or what the dashboard stores of it. `clock` writes a time for the reader.
 */
export function toEventWords(type: string, data: Record<string, unknown>, clock: (at: Date) => string): EventWords {
  const read = (key: string, missing = '?'): string => {
    const value = data[key];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : missing;
  };
  const reason = toWords(read('reason', 'no reason given'));
  const notDialled = typeof data['notDialled'] === 'string' ? toNotDialledWords(data['notDialled']) : undefined;
  const until = (key: string): string => {
    const at = new Date(read(key));
    return Number.isNaN(at.getTime()) ? '' : ` until ${clock(at)}`;
  };
  const at = (key: string): string => {
    const told = new Date(read(key));
    return Number.isNaN(told.getTime()) ? ' at an unknown time' : ` at ${clock(told)}`;
  };
  const sip = typeof data['sipStatus'] === 'number' ? ` (SIP ${data['sipStatus']})` : '';
  const answerer = machineWords(data['answeredBy']);
  const disposition = typeof data['disposition'] === 'string' ? `, ${toWords(data['disposition'])}` : '';
  const plain = (words: string): EventWords => ({ words, tone: 'plain' });
  switch (type) {
    case 'lead.created':
      return plain(`came in from ${read('source', 'unknown')}`);
    case 'lead.enquiry_added':
      return plain(`asked again over ${read('enquirySource', 'unknown')}; no second call`);
    case 'lead.dispatched':
      return data['because'] === 'told_to_crm'
        ? {
            words: `needs no call: talked in call ${read('callId')} a moment ago, and the CRM has its enquiry`,
            tone: 'good',
          }
        : plain(`is being rung, attempt ${read('attempt')}`);
    case 'lead.retry_scheduled':
      return {
        words: `${notDialledReason(read('reason')) ?? reason}: rung again, waits${until('retryAt')}`,
        tone: 'wait',
      };
    case 'lead.postponed':
      return { words: `waits: ${reason}${until('until')}`, tone: 'wait' };
    case 'lead.callback_promised':
      return {
        words: `is promised a call${at('at')}${data['keptBy'] === 'person' ? ', by a person' : ''}${
          data['dueAt'] === data['at'] ? '' : `; rung${at('dueAt')}, when it may be`
        }`,
        tone: 'wait',
      };
    case 'lead.callback_moved':
      return { words: `is called back${at('to')}, not${at('from')}: ${reason}`, tone: 'wait' };
    case 'lead.callback_closed':
      return toClosedWords(read('state'), data, at);
    case 'lead.failed':
      return { words: `is given up: ${reason}`, tone: 'bad' };
    case 'call.dialing':
      return plain(`is dialled, attempt ${read('attempt')}`);
    case 'call.dial_failed':
      return notDialled === undefined
        ? { words: `the dial failed: ${reason}${sip}`, tone: 'bad' }
        : { words: notDialled, tone: 'wait' };
    case 'call.ringing':
      return plain('rings');
    case 'call.answered':
      return { words: 'is answered', tone: 'good' };
    case 'call.qualified':
      return { words: `is qualified (${toWords(read('mode', 'unknown mode'))})`, tone: 'good' };
    case 'call.failed':
      return notDialled === undefined
        ? { words: `failed: ${reason}${sip}${answerer}${disposition}`, tone: 'bad' }
        : { words: notDialled, tone: 'wait' };
    case 'call.ended':
      if (notDialled !== undefined) return plain(`ended, ${notDialled}`);
      return plain(
        `ended after ${read('durationSeconds')} s, talked ${read('talkSeconds')} s${answerer}${disposition}`,
      );
    case 'call.pushed':
      return { words: `is task ${read('taskId')} in the CRM`, tone: 'good' };
    case 'call.push_failed':
      return { words: `was refused by the CRM: ${toWords(read('errorClass', 'no reason given'))}`, tone: 'bad' };
    case 'agent.ready':
      return plain('the agent is ready');
    case 'agent.alive':
      return plain('the agent is alive');
    case 'agent.answered_by':
    case 'agent.qualified':
    case 'agent.callback_requested':
    case 'agent.ended':
      return toReportWords(type, data, clock);
    default:
      return {
        words: type.startsWith('dlq.redriven.') ? 'a dead letter was sent back' : '',
        tone: 'unknown',
      };
  }
}

/** The same as a title: "Dialled, attempt 1". An unknown event's title is its type. */
export function toEventTitle(type: string, data: Record<string, unknown>, clock: (at: Date) => string): EventWords {
  const { words, tone } = toEventWords(type, data, clock);
  const bare = words.replace(/^(?:is being|is|was) /, '') || type;
  return { words: `${bare.charAt(0).toUpperCase()}${bare.slice(1)}`, tone };
}

function toClosedWords(state: string, data: Record<string, unknown>, at: (key: string) => string): EventWords {
  const because = typeof data['reason'] === 'string' ? `: ${toWords(data['reason'])}` : '';
  switch (state) {
    case 'kept':
      return { words: `was called back as promised${because}`, tone: 'good' };
    case 'missed':
      return { words: `was not called back${at('at')} as promised${because}`, tone: 'bad' };
    default:
      return { words: `is not called back${because}`, tone: 'plain' };
  }
}

/** Which questions were answered, and which fields could not be read; what was said stays with the call. */
function toReportWords(type: string, data: Record<string, unknown>, clock: (at: Date) => string): EventWords {
  const report = readKeptReport(type, data);
  if (report === undefined) return { words: 'the agent’s report can not be read', tone: 'bad' };
  if ('answeredBy' in report) {
    const message = report.messageLeft ? ', a message was left' : '';
    return {
      words: `${answererWords[report.answeredBy]} answered${message}${unreadWords(report.unread)}`,
      tone: 'plain',
    };
  }
  const wish = report.doNotCall ? ', asked never to be called again' : '';
  const unread = unreadWords(report.unread);
  if ('keptBy' in report) {
    const when = report.callbackAt === null ? '' : ` at ${clock(new Date(report.callbackAt))}`;
    const by = report.keptBy === 'person' ? ' by a person' : '';
    const agreed = report.confirmed ? ', read back' : '';
    return { words: `the buyer asked to be called back${when}${by}${agreed}${wish}${unread}`, tone: 'plain' };
  }
  if ('endedBy' in report) {
    const endedBy = report.endedBy ?? 'nobody told';
    const disposition = report.disposition === null ? '' : `, ${toWords(report.disposition)}`;
    return { words: `the agent’s last word: ended by ${endedBy}${disposition}${wish}${unread}`, tone: 'plain' };
  }
  const learnt = report.answered.map(toWords).join(', ');
  return {
    words: `the agent learnt ${learnt || 'nothing yet'}${wish}${unread}`,
    tone: learnt === '' ? 'plain' : 'good',
  };
}

function unreadWords(unread: readonly string[]): string {
  return unread.length === 0 ? '' : `; could not be read: ${unread.join(', ')}`;
}

/** Who took a call, said of it. */
export const answererWords: Record<AnsweredByCategory, string> = {
  human: 'a person',
  voicemail: 'a voicemail',
  ivr: 'a phone menu',
  screener: 'a call screener',
  announcement: 'an announcement',
  uncertain: 'perhaps a person',
};

/** A machine is worth a word where a call ended; that people answer is usual. */
function machineWords(category: unknown): string {
  const machine = machines.find((one) => one === category);
  return machine === undefined ? '' : `, ${answererWords[machine]} answered`;
}

/** `no_answers` as words. */
export function toWords(code: string): string {
  return code.replaceAll(/[_-]/g, ' ');
}
