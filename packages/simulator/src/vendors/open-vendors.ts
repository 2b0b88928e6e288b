import { Hono } from 'hono';
import { join } from 'node:path';
import { z } from 'zod';
import { exportersindiaApp } from './exportersindia-app.ts';
import { graphApp } from './graph-app.ts';
import { indiamartApp } from './indiamart-app.ts';
import { openLogFile } from '../log-file.ts';
import { openOddAnswers } from '../odd-answers.ts';
import { tradeindiaApp } from './tradeindia-app.ts';
import { vendorEnquiry, vendorNames, type VendorEnquiry, type VendorName } from './vendor-enquiry.ts';
import { vendorFaults } from './vendor-faults.ts';
import { openVendorGate } from './vendor-gate.ts';
import { listener, pushEnquiry, type Listener, type PushAnswer } from './vendor-pushes.ts';

const newEnquiries = z.object({
  vendor: z.enum(vendorNames),
  enquiries: z.array(vendorEnquiry),
  /** Whether the vendor also pushes them to its listener, if it has one. Its API lists them in any case. */
  push: z.boolean().default(true),
});
const faultsOf = z.object({ vendor: z.enum(vendorNames), faults: vendorFaults.prefault({}) });

/** Opens the marketplaces. Each logs its requests and deliveries in `<vendor>.jsonl` in `logs`. */
export function openVendors(options: { key: string; logs: string; timeFactor: number }): { apis: Hono; control: Hono } {
  const vendors = new Map(
    vendorNames.map((name) => {
      const log = openLogFile(join(options.logs, `${name}.jsonl`));
      const enquiries: VendorEnquiry[] = [];
      const odd = openOddAnswers(oddWords[name]);
      return [name, { log, enquiries, gate: openVendorGate({ log, idFields: idFields[name], odd }) }];
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
    for (const asked of given.data.enquiries) {
      const enquiry = { ...asked, at: asked.at ?? new Date() };
      enquiries().push(enquiry);
      log({ event: 'enquiry', id: asked.id });
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

/** The wording of errors at vendors that have their own. */
const plainWords = {
  errorRow: { Error_Message: 'Invalid userid / profile_id / key combination' },
  errorText: 'Sorry! Please provide all the required parameters.',
  notYet: { status: 200, json: { message: 'Please try again after some time' } },
  refused: { status: 200, json: { error: 'Invalid key' } },
  conflict: { message: 'Another request is being served' },
};
const indiamartWords = {
  ...plainWords,
  errorRow: { Error_Message: 'The key is invalid' },
  errorText: 'Invalid request',
  notYet: toIndiamartWords(204, 'Data will be available after 24 hours. Please try again later.'),
  refused: toIndiamartWords(401, 'The API key is expired.'),
};
const graphWords = {
  errorRow: { error: toGraphError(190, undefined) },
  errorText: 'Sorry, something went wrong.',
  notYet: { status: 400, json: { error: toGraphError(100, 33) } },
  refused: { status: 400, json: { error: toGraphError(10, undefined) } },
  conflict: { error: toGraphError(2, undefined) },
};
const oddWords: Record<VendorName, Parameters<typeof openOddAnswers>[0]> = {
  indiamart: indiamartWords,
  tradeindia: plainWords,
  exportersindia: plainWords,
  justdial: plainWords,
  meta: graphWords,
  google_ads: plainWords,
};

function toIndiamartWords(code: number, message: string): { status: number; json: unknown } {
  return { status: 200, json: { CODE: code, STATUS: 'FAILURE', MESSAGE: message, TOTAL_RECORDS: 0, RESPONSE: [] } };
}

/** 100/33 means a missing lead, one that is not there yet, or one that this token may not read. */
function toGraphError(code: number, subcode: number | undefined): Record<string, unknown> {
  const message =
    subcode === 33
      ? 'Unsupported get request. The object does not exist, cannot be loaded due to missing permissions, or does not support this operation.'
      : 'The request can not be served.';
  return { message, type: 'OAuthException', code, ...(subcode === undefined ? {} : { error_subcode: subcode }) };
}
