import { within } from '@leadline/time/within';
import { context, propagation, trace } from '@opentelemetry/api';
import { hostname } from 'node:os';

export type TracingSettings = {
  /** The address of an OTLP collector (HTTP, JSON). Without it nothing is traced, and the SDK is not even loaded. */
  OTEL_EXPORTER_OTLP_ENDPOINT?: string | undefined;
  /** The share of leads to trace. */
  OTEL_TRACES_SAMPLER_ARG?: number | undefined;
};

export type Tracing = {
  /** Sends the remaining spans, within 2 s. */
  stop(): Promise<void>;
};

const stopWithinMs = 2_000;

/**
 * Sends the process' spans to the collector. We make spans by hand, because instrumentation packages need loader hooks,
 * take seconds to start, and put whole URLs and statements with phone numbers into their spans.
 */
export async function startTracing(service: string, version: string, settings: TracingSettings): Promise<Tracing> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_TRACES_SAMPLER_ARG: share = 1 } = settings;
  if (endpoint === undefined) return { stop: async () => undefined };
  const [sdk, { OTLPTraceExporter }, { AsyncLocalStorageContextManager }, { W3CTraceContextPropagator }, resources] =
    await Promise.all([
      import('@opentelemetry/sdk-trace'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/context-async-hooks'),
      import('@opentelemetry/core'),
      import('@opentelemetry/resources'),
    ]);
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces`, timeoutMillis: 5_000 });
  const own = {
    'service.name': service,
    'service.namespace': 'leadline',
    'service.version': version,
    'service.instance.id': hostname(),
  };
  const provider = new sdk.TracerProvider({
    resource: resources.resourceFromAttributes(own),
    // Ingest decides once whether to trace a lead.
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(share) }),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter, scheduledDelayMillis: 1_000 })],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(provider);
  return {
    async stop() {
      await within(
        stopWithinMs,
        provider.shutdown().catch(() => undefined),
      );
    },
  };
}
