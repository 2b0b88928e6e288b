import { Hono } from 'hono';
import { fromIndianTime, toIndianTime } from './indian-time.ts';
import { toExportersindiaRow } from './to-vendor-row.ts';
import type { VendorEnquiry } from './vendor-enquiry.ts';
import type { VendorGate } from './vendor-gate.ts';

/** ExportersIndia: all enquiries since an Indian day, in one array. */
export function exportersindiaApp(options: { key: string; gate: VendorGate; enquiries: () => VendorEnquiry[] }): Hono {
  const app = new Hono();
  app.get('/api-inquiry-detail.php', (c) =>
    options.gate.serve(c, () => {
      const { k, email, date_from = '' } = c.req.query();
      const asked = { from: date_from };
      if (k !== options.key || !email) return { json: { error: 'Invalid key' }, note: { ...asked, because: 'key' } };
      if (fromIndianTime(date_from) === undefined)
        return { json: { error: 'Invalid date' }, note: { ...asked, because: 'date' } };
      const rows = options
        .enquiries()
        .filter(({ at }) => toIndianTime(at).day >= date_from)
        .map(toExportersindiaRow);
      return { json: rows, note: { ...asked, rows: rows.length } };
    }),
  );
  return app;
}
