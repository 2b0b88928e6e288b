/** An event as a person reads it while it happens. Ids only: a number or a name is in no event. */
export function toStepLine(type: string, data: Record<string, unknown>): string | undefined {
  const what = toWords(type, data);
  if (what === undefined) return undefined;
  const about = [
    typeof data['leadId'] === 'number' ? `lead ${data['leadId']}` : '',
    typeof data['callId'] === 'number' && type.startsWith('call.') ? `call ${data['callId']}` : '',
  ];
  return `${about
    .filter((part) => part !== '')
    .join(' · ')
    .padEnd(20)} ${what}`;
}

function toWords(type: string, data: Record<string, unknown>): string | undefined {
  const read = (key: string): string => {
    const value = data[key];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : 'unknown';
  };
  const say = (key: string): string => read(key).replaceAll('_', ' ');
  switch (type) {
    case 'lead.created':
      return `came in from ${say('source')}`;
    case 'lead.enquiry_added':
      return `asked again over ${say('enquirySource')}; no second call`;
    case 'call.dialing':
      return `is dialled, attempt ${say('attempt')}`;
    case 'call.ringing':
      return 'rings';
    case 'call.answered':
      return 'is answered';
    case 'call.qualified':
      return `is qualified (${say('mode')})`;
    case 'call.failed':
      return `failed: ${say('reason')}${typeof data['sipStatus'] === 'number' ? ` (SIP ${data['sipStatus']})` : ''}`;
    case 'call.pushed':
      return `is task ${read('taskId')} in the CRM`;
    case 'call.push_failed':
      return `was refused by the CRM: ${say('errorClass')}`;
    case 'lead.retry_scheduled':
      return `is rung again at ${toClock(new Date(read('retryAt')))}`;
    case 'lead.postponed':
      return `waits: ${say('reason')}`;
    case 'lead.failed':
      return `is given up: ${say('reason')}`;
    default:
      return undefined;
  }
}

/** As a clock in India shows it. */
export function toClock(at: Date): string {
  return at.toLocaleTimeString('en-IN', { timeZone: 'Asia/Kolkata', hourCycle: 'h23' });
}
