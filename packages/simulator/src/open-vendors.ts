import { Hono } from 'hono';
import { join } from 'node:path';
import { z } from 'zod';
import { exportersindiaApp } from './exportersindia-app.ts';
import { graphApp } from './graph-app.ts';
import { indiamartApp } from './indiamart-app.ts';
import { openLogFile } from './log-file.ts';
import { tradeindiaApp } from './tradeindia-app.ts';
import { vendorEnquiry, vendorNames, type VendorEnquiry, type VendorName } from './vendor-enquiry.ts';
import { vendorFaults } from './vendor-faults.ts';
import { openVendorGate } from './vendor-gate.ts';
import { listener, pushEnquiry, type Listener, type PushAnswer } from './vendor-pushes.ts';

const newEnquiries = z.object({
  vendor: z.enum(vendorNames),
  enquiries: z.array(vendorEnquiry),
  /** Whether the vendor delivers them to its listener, where it has one. They are in its API in any case. */
  push: z.boolean().default(true),
});
const faultsOf = z.object({ vendor: z.enum(vendorNames), faults: vendorFaults.prefault({}) });

/** The marketplaces: what they were asked and delivered is in one log each, `<vendor>.jsonl` in `logs`. */
export function openVendors(options: { key: string; logs: string; timeFactor: number }): { apis: Hono; control: Hono } {
  const vendors = new Map(
    vendorNames.map((name) => {
      const log = openLogFile(join(options.logs, `${name}.jsonl`));
      const enquiries: VendorEnquiry[] = [];
      return [name, { log, enquiries, gate: openVendorGate({ log, idFields: idFields[name] }) }];
    }),
  );
  const listeners = new Map<VendorName, Listener>();
  const of = (name: VendorName) => {
    const vendor = vendors.get(name);
    if (vendor === undefined) throw new Error(`no vendor ${name}`);
    const { gate, enquiries, log } = vendor;
    return { key: options.key, gate, log, enquiries: () => enquiries };
  };

  const apis = new Hono();
  apis.route('/indiamart', indiamartApp({ ...of('indiamart'), timeFactor: options.timeFactor }));
  apis.route('/tradeindia', tradeindiaApp(of('tradeindia')));
  apis.route('/exportersindia', exportersindiaApp(of('exportersindia')));
  apis.route('/graph', graphApp({ ...of('meta'), token: options.key }));

  const control = new Hono();
  control.post('/listeners', async (c) => {
    const given = listener.safeParse(await c.req.json().catch(() => undefined));
    if (!given.success) return c.json({ faults: given.error.issues }, 422);
    listeners.set(given.data.vendor, given.data);
    return c.json(given.data);
  });
  control.post('/faults', async (c) => {
    const given = faultsOf.safeParse(await c.req.json().catch(() => undefined));
    if (!given.success) return c.json({ faults: given.error.issues }, 422);
    of(given.data.vendor).gate.setFaults(given.data.faults);
    return c.json(given.data);
  });
  control.post('/enquiries', async (c) => {
    const given = newEnquiries.safeParse(await c.req.json().catch(() => undefined));
    if (!given.success) return c.json({ faults: given.error.issues }, 422);
    const { log, enquiries } = of(given.data.vendor);
    const to = given.data.push ? listeners.get(given.data.vendor) : undefined;
    const answers: PushAnswer[] = [];
    for (const one of given.data.enquiries) {
      const enquiry = { ...one, at: one.at ?? new Date() };
      enquiries().push(enquiry);
      log({ event: 'enquiry', id: one.id });
      if (to === undefined) continue;
      const answered = await pushEnquiry(to, enquiry);
      log({ event: 'pushed', ...answered });
      answers.push(answered);
    }
    return c.json({ added: given.data.enquiries.length, answers });
  });
  return { apis, control };
}

const idFields: Record<VendorName, readonly string[]> = {
  indiamart: ['UNIQUE_QUERY_ID'],
  tradeindia: ['rfi_id'],
  exportersindia: ['inq_id'],
  justdial: ['leadid'],
  meta: ['id'],
  google_ads: ['lead_id'],
};
