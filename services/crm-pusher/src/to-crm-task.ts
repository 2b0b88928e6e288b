import { z } from 'zod';

/** What the mapping may be told; the vendor's own words. */
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
  callStartedAt: Date;
  /** What the same buyer asked for while this lead was open, in the order in which it came. */
  enquiries: Enquiry[];
};

type Enquiry = { source: string; productName: string | null; message: string | null; enquiredAt: Date };

/** The body of POST /tasks. The vendor documents its words, not this body: it is in this one place. */
const crmTask = z.object({
  customerId: z.string().min(1),
  titleType: z.enum(['followup', 'callback']),
  title: z.string().min(1).max(200),
  description: z.string().min(1).max(20_000),
  priority: z.enum(['low', 'normal', 'high', 'urgent']),
  status: z.literal('not_started'),
  dueDate: z.string().optional(),
});
export type CrmTask = z.infer<typeof crmTask>;

const mostWishCharacters = 500;

/** How a task of ours is known again: in its text, for the vendor has no field for it. Matched whole. */
export function reference(room: string): string {
  return `[leadline:${room}]`;
}

/** A qualified call as a task for the sales team; the same call and enquiries always give the same task. */
export function toCrmTask(call: QualifiedCall, customerId: string, mapping: TaskMapping): CrmTask {
  const subject = [call.productName, call.name].filter((part) => part !== null && part !== '').join(', ');
  const answers = Object.entries(call.answers).map(([key, value]) => `${toLabel(key)}: ${value}`);
  const called = toIndianTime(call.callStartedAt);
  return crmTask.parse({
    customerId,
    titleType: call.callbackAt === null ? 'followup' : 'callback',
    title: `${call.callbackAt === null ? 'Follow up' : 'Call back'}${subject === '' ? '' : `: ${subject}`}`.slice(
      0,
      200,
    ),
    description: [
      `Called by the voice agent on ${called}${call.source === null ? '' : `, lead from ${call.source}`}.`,
      ...(call.callbackAt === null ? [] : [`Wishes to be called back on ${toIndianTime(call.callbackAt)}.`]),
      ...answers,
      ...call.enquiries.map(toEnquiryLine),
      reference(call.room),
    ]
      .join('\n')
      .slice(-20_000),
    priority: toPriority(call.answers['seriousness'], mapping),
    status: 'not_started',
    ...(call.callbackAt === null ? {} : { dueDate: call.callbackAt.toISOString() }),
  });
}

/** The agent may not have known of it: it may have come while the person was talking. */
function toEnquiryLine({ source, productName, message, enquiredAt }: Enquiry): string {
  const wish = [productName, message].filter((part) => part !== null && part !== '').join(': ');
  return `Asked again on ${toIndianTime(enquiredAt)} over ${source}${wish === '' ? '.' : `: ${wish.slice(0, mostWishCharacters)}`}`;
}

function toPriority(seriousness: string | undefined, mapping: TaskMapping): TaskMapping['priority'] {
  if (/\b(very|urgent|immediate)/i.test(seriousness ?? '')) return 'urgent';
  return /\bhigh\b/i.test(seriousness ?? '') ? 'high' : mapping.priority;
}

function toLabel(key: string): string {
  const words = key.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function toIndianTime(at: Date): string {
  return new Intl.DateTimeFormat('en-IN', { timeZone: 'Asia/Kolkata', dateStyle: 'medium', timeStyle: 'short' }).format(
    at,
  );
}

/** The customer's number as the CRM writes it: country code and digits, no plus. */
export function toCrmMobile(phone: string): string {
  return phone.replaceAll(/\D/g, '');
}
