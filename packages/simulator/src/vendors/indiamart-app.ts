import { Hono } from 'hono';
import { fromIndianTime } from './indian-time.ts';
import { toIndiamartRow } from './to-vendor-row.ts';
import type { VendorEnquiry } from './vendor-enquiry.ts';
import type { VendorAnswer, VendorGate } from './vendor-gate.ts';

const longestMs = 7 * 24 * 3_600_000;
const usualGapMs = 5 * 60_000;
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** IndiaMART's pull API v2: a window of at most 7 days in Indian time, and five minutes between two requests. */
export function indiamartApp(options: {
  key: string;
  timeFactor: number;
  gate: VendorGate;
  enquiries: () => VendorEnquiry[];
}): Hono {
  const app = new Hono();
  app.get('/wservce/crm/crmListing/v2/', (c) =>
    options.gate.serve(c, ({ gapMs = usualGapMs / options.timeFactor }) => {
      const asked = { from: c.req.query('start_time'), to: c.req.query('end_time') };
      if (c.req.query('glusr_crm_key') !== options.key) return refuse(401, 'The API key is not valid.', asked);
      const from = readTime(asked.from);
      const to = readTime(asked.to);
      if (from === undefined || to === undefined || to < from)
        return refuse(400, 'start_time and end_time must be times, in this order.', asked);
      if (to.getTime() - from.getTime() > longestMs)
        return refuse(400, 'The time between start_time and end_time must not be over 7 days.', asked);
      if (!options.gate.mayAskAgain(gapMs))
        return refuse(429, 'This API may be asked once in 5 minutes. Please try again after 5 minutes.', asked);
      const found = options.enquiries().filter(({ at }) => toSecond(at) >= from && toSecond(at) <= to);
      if (found.length === 0) return refuse(204, 'There are no leads in the given time.', asked);
      return {
        json: {
          CODE: 200,
          STATUS: 'SUCCESS',
          MESSAGE: '',
          TOTAL_RECORDS: found.length,
          RESPONSE: found.map(toIndiamartRow),
        },
        note: { ...asked, code: 200, rows: found.length },
      };
    }),
  );
  return app;
}

/** The status line always says 200; the code in the body counts. */
function refuse(code: number, message: string, asked: Record<string, unknown>): VendorAnswer {
  return {
    json: {
      CODE: code,
      STATUS: code === 204 ? 'SUCCESS' : 'FAILURE',
      MESSAGE: message,
      TOTAL_RECORDS: 0,
      RESPONSE: [],
    },
    note: { ...asked, code, rows: 0 },
  };
}

/** Reads `23-Nov-202611:42:05`, with nothing between day and clock; a day alone means its midnight. */
function readTime(text = ''): Date | undefined {
  const [, day, name = '', year, clock] = /^(\d{2})-([A-Z][a-z]{2})-(\d{4})(\d{2}:\d{2}:\d{2})?$/.exec(text) ?? [];
  const month = months.indexOf(name) + 1;
  if (month === 0) return undefined;
  return fromIndianTime(`${year}-${String(month).padStart(2, '0')}-${day}`, clock);
}

function toSecond(at: Date): Date {
  return new Date(Math.floor(at.getTime() / 1_000) * 1_000);
}
