import { crmTask, toEnquiryLine, toIndianTime, type CrmTask, type Enquiry, type TaskMapping } from './to-crm-task.ts';

/** What the sales team learns about a buyer's enquiries that have no call of their own. */
export type ToldEnquiries = {
  /** The reference by which the task is found again. */
  reference: string;
  name: string | null;
  /** When the voice agent talked with this number, if that call's task mentions none of these. */
  talkedAt: Date | null;
  /** In the order in which they came; at least one. */
  enquiries: Enquiry[];
};

const maxTitle = 200;
const maxDescription = 20_000;
const maxEnquiries = 30;

/** Enquiries of a buyer with whom the agent has just talked, as one task. The same ones always give the same task. */
export function toEnquiryTask(told: ToldEnquiries, customerId: string, mapping: TaskMapping): CrmTask {
  const products = [...new Set(told.enquiries.flatMap(({ productName }) => productName?.trim() || []))];
  const subject = [...products, told.name ?? ''].filter((part) => part !== '').join(', ');
  const talked = told.talkedAt === null ? '' : `, after the talk of ${toIndianTime(told.talkedAt)}`;
  const newest = told.enquiries.slice(-maxEnquiries);
  const description = [
    told.reference,
    `The buyer asked for more${talked}; the voice agent does not call for it.`,
    ...newest.map(toEnquiryLine),
  ].join('\n');
  return crmTask.parse({
    customerId,
    titleType: 'followup',
    title: cut(`Asked again${subject === '' ? '' : `: ${subject}`}`, maxTitle),
    description: cut(description, maxDescription),
    priority: mapping.priority,
    status: 'not_started',
  });
}

/** Cuts between characters, never inside a surrogate pair. */
function cut(text: string, most: number): string {
  return text.length <= most ? text : text.slice(0, most).replace(/[\uD800-\uDBFF]$/, '');
}
