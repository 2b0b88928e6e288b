import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';

/**
 * Makes a server span for each request, named by its route. It keeps only the route of the address, because vendors'
 * paths hold secrets and their queries hold phone numbers.
 */
export function traceRequests(): MiddlewareHandler {
  return async (c, next) => {
    // Nothing is traced: reading all headers would cost as much as answering does.
    if (propagation.fields().length === 0) return next();
    const parent = propagation.extract(context.active(), c.req.header());
    const { method } = c.req;
    const span = trace
      .getTracer('leadline')
      .startSpan(method, { kind: SpanKind.SERVER, attributes: { 'http.request.method': method } }, parent);
    try {
      await context.with(trace.setSpan(parent, span), next);
    } finally {
      const route = routePath(c, -1);
      const { status } = c.res;
      span.updateName(`${method} ${route}`);
      span.setAttributes({ 'http.route': route, 'http.response.status_code': status });
      if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    }
  };
}
