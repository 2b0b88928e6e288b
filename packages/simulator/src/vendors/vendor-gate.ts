import type { Context } from 'hono';
import { setTimeout as wait } from 'node:timers/promises';
import { socketOf } from '../cut-connection.ts';
import type { OddAnswers } from '../odd-answers.ts';
import { withNumbers } from './to-vendor-row.ts';
import { vendorFaults, type VendorFaults } from './vendor-faults.ts';

export type VendorAnswer = {
  status?: number;
  /** The vendor's answer, before any fault changes it. */
  json: unknown;
  headers?: Record<string, string>;
  /** For the log: the request, the number of rows, the reason for a refusal. */
  note: Record<string, unknown>;
};

export type VendorGate = {
  setFaults(given: VendorFaults): void;
  /** Serves one request: the vendor's answer, changed by the current faults, and a line in its log. */
  serve(c: Context, answer: (faults: VendorFaults) => VendorAnswer): Promise<Response>;
  /** False if less than this has passed since the last answered request. */
  mayAskAgain(gapMs: number): boolean;
};

const page = '<html><head><title>Error</title></head><body><h1>Something went wrong</h1></body></html>';

export function openVendorGate(options: {
  log: (line: Record<string, unknown>) => void;
  /** The fields that hold ids, for the fault that writes ids as numbers. */
  idFields: readonly string[];
  odd: OddAnswers;
}): VendorGate {
  let faults = vendorFaults.parse({});
  let left = Number.POSITIVE_INFINITY;
  let answeredAt = Number.NEGATIVE_INFINITY;
  return {
    setFaults(given) {
      faults = given;
      options.odd.set(given.answers);
      left = given.requests ?? Number.POSITIVE_INFINITY;
    },
    mayAskAgain(gapMs) {
      const may = performance.now() - answeredAt >= gapMs;
      if (may) answeredAt = performance.now();
      return may;
    },
    async serve(c, answer) {
      const now = left-- > 0 ? faults : vendorFaults.parse({ gapMs: faults.gapMs });
      if (now.slowMs !== undefined) await wait(now.slowMs);
      const told = (note: Record<string, unknown>): void => options.log({ event: 'asked', ...note });
      if (now.drop === 'before') {
        told({ fault: 'dropped' });
        socketOf(c).destroy();
        return c.body(null);
      }
      if (now.status !== undefined) {
        told({ fault: 'status', status: now.status });
        const headers = new Headers({ 'content-type': 'text/html' });
        if (now.retryAfterSeconds !== undefined) headers.set('retry-after', String(now.retryAfterSeconds));
        return new Response(page, { status: now.status, headers });
      }
      if (now.htmlPage) {
        told({ fault: 'page', status: 200 });
        return c.html(page);
      }
      const odd = options.odd.next('ask', c.req.url);
      if (odd !== undefined) {
        told({ fault: odd.says, status: odd.response.status });
        return odd.response;
      }
      const { json, status = 200, headers = {}, note } = answer(now);
      const body = JSON.stringify(now.wrapped === undefined ? json : { status: 'ok', [now.wrapped]: json });
      const text = now.junk + (now.numericIds ? withNumbers(body, options.idFields) : body);
      told({ ...note, status });
      if (now.drop === 'midway') {
        const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n`;
        const socket = socketOf(c);
        await new Promise((sent) => socket.write(head + text.slice(0, text.length / 2), sent));
        socket.destroy();
        return c.body(null);
      }
      return new Response(text, { status, headers: { 'content-type': 'application/json', ...headers } });
    },
  };
}
