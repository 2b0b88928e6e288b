import { Hono, type Context } from 'hono';
import { metaPage, toMetaLead } from './to-vendor-row.ts';
import type { VendorEnquiry } from './vendor-enquiry.ts';
import type { VendorAnswer, VendorGate } from './vendor-gate.ts';

const dayMs = 24 * 3_600_000;
/** Graph's limit of requests in 24 hours, for each lead of the last 90 days. */
const requestsPerLead = 200 * 24;

/** The part of Meta's Graph API that returns a lead's answers to callers with the Page's token. */
export function graphApp(options: { token: string; gate: VendorGate; enquiries: () => VendorEnquiry[] }): Hono {
  const app = new Hono();
  const requests: number[] = [];

  const refusal = (c: Context, id: string): VendorAnswer | undefined => {
    const presented = c.req.query('access_token') ?? c.req.header('authorization')?.replace(/^Bearer +/i, '');
    if (presented !== options.token) return refuse(190, 'The access token is not valid.', { id });
    const now = Date.now();
    while ((requests[0] ?? now) < now - dayMs) requests.shift();
    const recent = options.enquiries().filter(({ at }) => at.getTime() > now - 90 * dayMs);
    if (requests.length >= requestsPerLead * Math.max(1, recent.length))
      return refuse(80_005, 'There have been too many calls for this Page’s leads. Wait a bit and try again.', { id });
    requests.push(now);
    return undefined;
  };

  app.get('/:version/:id', (c) =>
    options.gate.serve(c, () => {
      const id = c.req.param('id');
      const refused = refusal(c, id);
      if (refused !== undefined) return refused;
      const found = options.enquiries().find((enquiry) => enquiry.id === id);
      if (found === undefined) return refuse(100, 'There is no object with this id, or it may not be read.', { id });
      return { json: toMetaLead(found), note: { id, rows: 1 } };
    }),
  );
  app.get('/:version/:form/leads', (c) =>
    options.gate.serve(c, () => {
      const form = c.req.param('form');
      const refused = refusal(c, form);
      if (refused !== undefined) return refused;
      if (form !== metaPage.formId) return refuse(100, 'There is no form with this id.', { id: form });
      const size = Math.min(100, Math.max(1, Number(c.req.query('limit') ?? 25) || 25));
      const first = Number(Buffer.from(c.req.query('after') ?? '', 'base64url').toString()) || 0;
      const all = options.enquiries();
      const rows = all.slice(first, first + size).map(toMetaLead);
      const after = Buffer.from(String(first + rows.length)).toString('base64url');
      const more = first + rows.length < all.length;
      const here = new URL(c.req.url);
      here.searchParams.set('after', after);
      return {
        json: { data: rows, paging: { cursors: { after }, ...(more ? { next: here.href } : {}) } },
        note: { id: form, rows: rows.length },
      };
    }),
  );
  return app;
}

function refuse(code: number, message: string, note: Record<string, unknown>): VendorAnswer {
  return {
    status: 400,
    json: { error: { message: `(#${code}) ${message}`, type: 'OAuthException', code, fbtrace_id: 'AsimulatedTrace' } },
    note: { ...note, code },
  };
}
