import {
  context,
  propagation,
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
  SpanKind,
  type Attributes,
  type Context,
} from '@opentelemetry/api';

const kinds = { client: SpanKind.CLIENT, consumer: SpanKind.CONSUMER, producer: SpanKind.PRODUCER } as const;

export type SpanOptions = {
  kind?: keyof typeof kinds;
  /** Ids and closed lists only: no number, name, address or text of a person. */
  attributes?: Attributes;
  /** The traceparent that a row or a header holds. */
  traceparent?: string | null | undefined;
};

export type OpenSpan = {
  /** To be remembered, so that what comes of it later joins its trace; null when nothing is traced. */
  traceparent: string | null;
  /** Runs the work inside of the span, then ends it. An error marks it by its class; its text may be personal. */
  run<T>(work: () => Promise<T>): Promise<T>;
};

/** The trace context of this moment, to be kept in a row or a header; undefined when nothing is traced. */
export function currentTraceparent(): string | undefined {
  return traceparentOf(context.active());
}

/**
 * Begins a span below what is going on now when that is the remembered trace, else below what is remembered, with a link
 * to what is going on now. Without OpenTelemetry configured it costs next to nothing and remembers nothing.
 */
export function startSpan(name: string, options: SpanOptions = {}): OpenSpan {
  const parent = parentOf(options.traceparent);
  const active = trace.getSpan(context.active());
  const elsewhere = active !== undefined && active.spanContext().traceId !== trace.getSpanContext(parent)?.traceId;
  const span = trace.getTracer('leadline').startSpan(
    name,
    {
      ...(options.kind === undefined ? {} : { kind: kinds[options.kind] }),
      ...(options.attributes === undefined ? {} : { attributes: options.attributes }),
      ...(elsewhere ? { links: [{ context: active.spanContext() }] } : {}),
    },
    parent,
  );
  const inside = trace.setSpan(parent, span);
  return {
    traceparent: traceparentOf(inside) ?? null,
    async run(work) {
      try {
        return await context.with(inside, work);
      } catch (error) {
        span.setAttribute('error.type', error instanceof Error ? error.constructor.name : typeof error);
        span.setStatus({ code: SpanStatusCode.ERROR });
        throw error;
      } finally {
        span.end();
      }
    },
  };
}

/** Runs the work in a span of its own. */
export function inSpan<T>(name: string, options: SpanOptions, work: () => Promise<T>): Promise<T> {
  return startSpan(name, options).run(work);
}

/** Runs the work in the remembered trace without a span: what it logs and enqueues belongs there. */
export function inTrace<T>(traceparent: string | null | undefined, work: () => T): T {
  return context.with(parentOf(traceparent), work);
}

/** Work that, whoever runs it and when, belongs to what is going on now. */
export function boundToTrace<Given extends unknown[], T>(work: (...given: Given) => T): (...given: Given) => T {
  return context.bind(context.active(), work);
}

/** Adds to the span that is going on; the same rule for attributes. */
export function noteOnSpan(attributes: Attributes): void {
  trace.getActiveSpan()?.setAttributes(attributes);
}

function parentOf(traceparent: string | null | undefined): Context {
  const active = context.active();
  if (traceparent == null) return active;
  const remembered = propagation.extract(ROOT_CONTEXT, { traceparent });
  const traceId = trace.getSpanContext(remembered)?.traceId;
  if (traceId === undefined || traceId === trace.getSpanContext(active)?.traceId) return active;
  return remembered;
}

function traceparentOf(of: Context): string | undefined {
  const carrier: Record<string, string> = {};
  propagation.inject(of, carrier);
  return carrier['traceparent'];
}
