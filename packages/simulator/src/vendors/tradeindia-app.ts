import { Hono } from 'hono';
import { fromIndianTime, toIndianTime } from './indian-time.ts';
import { toTradeindiaRow } from './to-vendor-row.ts';
import type { VendorEnquiry } from './vendor-enquiry.ts';
import type { VendorGate } from './vendor-gate.ts';

/** TradeIndia's My Inquiry API: whole Indian days, pages from 1 until an empty one, a bare array. */
export function tradeindiaApp(options: { key: string; gate: VendorGate; enquiries: () => VendorEnquiry[] }): Hono {
  const app = new Hono();
  app.get('/utils/my_inquiry.html', (c) =>
    options.gate.serve(c, () => {
      const { userid, profile_id, key, from_date = '', to_date = '', limit = '50', page_no = '1' } = c.req.query();
      const asked = { from: from_date, to: to_date, page: Number(page_no) };
      if (key !== options.key || !userid || !profile_id)
        return { json: { error: 'Invalid key' }, note: { ...asked, because: 'key' } };
      if (fromIndianTime(from_date) === undefined || fromIndianTime(to_date) === undefined)
        return { json: { error: 'Invalid date' }, note: { ...asked, because: 'date' } };
      const size = Math.min(100, Math.max(1, Number(limit) || 50));
      const first = (Math.max(1, Number(page_no) || 1) - 1) * size;
      const found = options.enquiries().filter(({ at }) => {
        const { day } = toIndianTime(at);
        return day >= from_date && day <= to_date;
      });
      const rows = found.slice(first, first + size).map(toTradeindiaRow);
      return { json: rows, note: { ...asked, rows: rows.length } };
    }),
  );
  return app;
}
