import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLogger } from './logger.ts';

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new TracerProvider());
});
afterAll(() => {
  context.disable();
  trace.disable();
});

function logger() {
  const lines: Record<string, unknown>[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()));
      done();
    },
  });
  return { lines, log: createLogger({ service: 'ingest', level: 'info' }, destination) };
}

test('a line inside of a span leads to its trace, one outside tells none', () => {
  const { lines, log } = logger();
  const traced = trace.getTracer('test').startSpan('work');
  context.with(trace.setSpan(context.active(), traced), () => log.info({ leadId: 7 }, 'inside'));
  log.info('outside');
  const { traceId, spanId } = traced.spanContext();
  expect(lines[0]).toMatchObject({ msg: 'inside', leadId: 7, trace_id: traceId, span_id: spanId });
  expect(lines[1]).not.toHaveProperty('trace_id');
});

test('what is personal or secret is struck out, and of a foreign error only class and code are told', () => {
  const { lines, log } = logger();
  const refused = Object.assign(new Error('Key (phone)=(+919876543210) exists'), { code: '23505' });
  log.warn({ phone: '+919876543210', name: 'Asha Verma', token: 'abc', err: refused, source: 'website' }, 'refused');
  expect(JSON.stringify(lines)).not.toMatch(/98765|Asha|abc/);
  expect(lines[0]).toMatchObject({ phone: '[redacted]', source: 'website', err: { type: 'Error', code: '23505' } });
});
