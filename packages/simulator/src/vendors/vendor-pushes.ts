import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { toGoogleLead, toIndiamartRow, toJustdialFields, toMetaNotification, withNumbers } from './to-vendor-row.ts';
import { vendorNames, type VendorEnquiry } from './vendor-enquiry.ts';

/** Where a vendor pushes enquiries, as the seller set it up there. */
export const listener = z.object({
  vendor: z.enum(vendorNames),
  url: z.url(),
  /** Meta's app secret; Google's key. */
  secret: z.string().default(''),
  /** IndiaMART and JustDial use several shapes. */
  shape: z.enum(['envelope', 'array', 'bare', 'query', 'form', 'json']).optional(),
  numericIds: z.boolean().default(false),
});
export type Listener = z.output<typeof listener>;

export type PushAnswer = { id: string; status: number; body: string } | { id: string; error: string };

/** Pushes one enquiry once, and reports the answer. We know of no promise by these vendors to try again. */
export async function pushEnquiry(to: Listener, enquiry: VendorEnquiry): Promise<PushAnswer> {
  const request = toRequest(to, enquiry);
  if (request === undefined) return { id: enquiry.id, error: `${to.vendor} delivers to nobody: it is asked` };
  try {
    const response = await fetch(request.url, { ...request.init, signal: AbortSignal.timeout(10_000) });
    return { id: enquiry.id, status: response.status, body: await response.text() };
  } catch (error) {
    return { id: enquiry.id, error: error instanceof Error ? error.message : 'no answer' };
  }
}

function toRequest(to: Listener, enquiry: VendorEnquiry): { url: string; init?: RequestInit } | undefined {
  switch (to.vendor) {
    case 'indiamart': {
      const row = toIndiamartRow(enquiry);
      const inside = to.shape === 'array' ? [row] : row;
      return toJson(to, to.shape === 'bare' ? row : { CODE: 200, STATUS: 'SUCCESS', RESPONSE: inside }, [
        'UNIQUE_QUERY_ID',
      ]);
    }
    case 'justdial': {
      const fields = toJustdialFields(enquiry);
      if (to.shape === 'json') return toJson(to, fields, ['leadid']);
      const query = new URLSearchParams(fields);
      if (to.shape === 'form') return { url: to.url, init: { method: 'POST', body: query } };
      return { url: `${to.url}?${query.toString()}` };
    }
    case 'meta': {
      const { url, init } = toJson(to, toMetaNotification(enquiry), ['leadgen_id']);
      const signature = createHmac('sha256', to.secret).update(init.body).digest('hex');
      return { url, init: { ...init, headers: { ...init.headers, 'x-hub-signature-256': `sha256=${signature}` } } };
    }
    case 'google_ads':
      return toJson(to, toGoogleLead(enquiry, to.secret), ['lead_id']);
    case 'tradeindia':
    case 'exportersindia':
      return undefined;
  }
}

function toJson(to: Listener, value: unknown, idFields: string[]) {
  const json = JSON.stringify(value);
  const body = to.numericIds ? withNumbers(json, idFields) : json;
  return { url: to.url, init: { method: 'POST', headers: { 'content-type': 'application/json' }, body } };
}
