import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider, type ReadableSpan } from '@opentelemetry/sdk-trace';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { boundToTrace, currentTraceparent, inSpan, inTrace, noteOnSpan, startSpan } from './span.ts';

const exporter = new InMemorySpanExporter();
const register = (): void => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
};
const unregister = (): void => {
  context.disable();
  propagation.disable();
  trace.disable();
};
beforeEach(() => {
  exporter.reset();
  unregister();
});
afterAll(unregister);

function spanNamed(name: string): ReadableSpan {
  const found = exporter.getFinishedSpans().find((span) => span.name === name);
  if (found === undefined) throw new Error(`no span is called ${name}`);
  return found;
}

test('without OpenTelemetry work runs as ever and nothing is remembered', async () => {
  const span = startSpan('attempt', { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' });
  expect(span.traceparent).toBe(null);
  expect(await span.run(async () => currentTraceparent())).toBe(undefined);
  await expect(span.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
});

test('what is remembered in a row goes on in the same trace, and links what happens meanwhile', async () => {
  register();
  const remembered = await inSpan('post', {}, async () => currentTraceparent());
  await inSpan('webhook', {}, () => inSpan('track', { traceparent: remembered }, async () => undefined));
  const [post, webhook, track] = [spanNamed('post'), spanNamed('webhook'), spanNamed('track')];
  expect(track.spanContext().traceId).toBe(post.spanContext().traceId);
  expect(track.parentSpanContext?.spanId).toBe(post.spanContext().spanId);
  expect(track.links.map((link) => link.context.spanId)).toEqual([webhook.spanContext().spanId]);
  expect(webhook.spanContext().traceId).not.toBe(post.spanContext().traceId);
});

test('inside of the remembered trace the nearest span is the parent', async () => {
  register();
  const remembered = await inSpan('post', {}, async () => currentTraceparent());
  await inSpan('consume', { traceparent: remembered }, () =>
    inSpan('track', { traceparent: remembered }, async () => undefined),
  );
  expect(spanNamed('track').parentSpanContext?.spanId).toBe(spanNamed('consume').spanContext().spanId);
  expect(spanNamed('track').links).toEqual([]);
});

test('a span begun now and run later remembers itself', async () => {
  register();
  const span = startSpan('attempt');
  expect(await span.run(async () => currentTraceparent())).toBe(span.traceparent);
  expect(span.traceparent).toContain(spanNamed('attempt').spanContext().spanId);
});

test('what can not be read is as good as not remembered', async () => {
  register();
  await inSpan('consume', { traceparent: 'asha@example' }, async () => noteOnSpan({ 'leadline.result': 'done' }));
  expect(spanNamed('consume').parentSpanContext).toBe(undefined);
  expect(spanNamed('consume').attributes).toEqual({ 'leadline.result': 'done' });
});

test('an error is told by its class, never by its text', async () => {
  register();
  const failing = inSpan('push', {}, () => Promise.reject(new TypeError('+919876543210 is not a function')));
  await expect(failing).rejects.toThrow(TypeError);
  const push = spanNamed('push');
  expect(push.status).toEqual({ code: 2 });
  expect(push.attributes).toEqual({ 'error.type': 'TypeError' });
  expect(push.events).toEqual([]);
});

test('work set aside belongs to who asked for it', async () => {
  register();
  const [asked, work] = await inSpan('asking', {}, async () => [
    currentTraceparent(),
    boundToTrace(() => currentTraceparent()),
  ]);
  expect(await inSpan('another', {}, async () => work())).toBe(asked);
  expect(inTrace(asked, () => currentTraceparent())).toBe(asked);
  expect(currentTraceparent()).toBe(undefined);
});
