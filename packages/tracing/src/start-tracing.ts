import { within } from '@leadline/time/within';
import { context, propagation, trace } from '@opentelemetry/api';
import { hostname } from 'node:os';

export type TracingSettings = {
  /** The address of an OTLP collector (HTTP, JSON). Without it nothing is traced, and the SDK is not even loaded. */
  OTEL_EXPORTER_OTLP_ENDPOINT?: string | undefined;
  /** The share of leads that are traced. */
  OTEL_TRACES_SAMPLER_ARG?: number | undefined;
};

export type Tracing = {
  /** Sends what is left, within 2 s. */
  stop(): Promise<void>;
};

const stopWithinMs = 2_000;

/**
 * Sends spans to the collector, for the whole process. By hand and not by instrumentation packages: those need loader
 * hooks, take seconds to start, and put whole URLs and statements into their spans, where phone numbers stand.
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
    // Whether a lead is traced is decided once, where it comes in.
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
