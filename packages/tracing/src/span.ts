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
  /** Only ids and values of closed lists: no person's number, name, address or text. */
  attributes?: Attributes;
  /** The traceparent from a row or a header. */
  traceparent?: string | null | undefined;
};

export type OpenSpan = {
  /** Keep it, so that later work can join this trace; null if nothing is traced. */
  traceparent: string | null;
  /**
   * Runs the work inside the span, then ends it. An error is recorded by its class, because its text may be personal.
   */
  run<T>(work: () => Promise<T>): Promise<T>;
};

/** The current trace context, for a row or a header; undefined if nothing is traced. */
export function currentTraceparent(): string | undefined {
  return traceparentOf(context.active());
}

/**
 * Begins a span: below the current one if both belong to the remembered trace; else below the remembered context, with
 * a link to the current span. Without OpenTelemetry it costs almost nothing and remembers nothing.
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

/** Runs the work in a new span. */
export function inSpan<T>(name: string, options: SpanOptions, work: () => Promise<T>): Promise<T> {
  return startSpan(name, options).run(work);
}

/** Runs the work in the remembered trace without a span, so that its log lines and events belong there. */
export function inTrace<T>(traceparent: string | null | undefined, work: () => T): T {
  return context.with(parentOf(traceparent), work);
}

/** Binds work to the current trace, whoever runs it and when. */
export function boundToTrace<Given extends unknown[], T>(work: (...given: Given) => T): (...given: Given) => T {
  return context.bind(context.active(), work);
}

/** Adds attributes to the current span; the same rule applies to them. */
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
