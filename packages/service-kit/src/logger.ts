import { trace } from '@opentelemetry/api';
import { pino, type DestinationStream, type Logger, type LoggerOptions } from 'pino';

export type Log = Logger;

/** Fields that must never be written, even if a caller passes them by mistake. */
const secret = ['phone', 'name', 'email', 'body', 'payload', 'token', 'authorization', 'password', 'url', 'message'];

/**
 * JSON lines on standard output: static messages with fields, and the trace's ids if there is one. Redacts personal
 * data and secrets by key.
 */
export function createLogger(options: { service: string; level: string }, to?: DestinationStream): Log {
  const settings: LoggerOptions = {
    level: options.level,
    base: { service: options.service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    mixin: traceFields,
    redact: { paths: secret, censor: '[redacted]' },
    serializers: { err: errorFields },
  };
  return to === undefined ? pino(settings) : pino(settings, to);
}

/** Links a line to its trace. */
function traceFields(): Record<string, string> {
  const span = trace.getActiveSpan()?.spanContext();
  return span === undefined ? {} : { trace_id: span.traceId, span_id: span.spanId };
}

/**
 * The loggable parts of an error: class, code and our own stack. A far system's error text may hold a whole token
 * (LiveKit's 401) or a row's values (Postgres' detail), so only plain errors of our own keep their message.
 */
function errorFields(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const own = [Error, TypeError, RangeError, ReferenceError].some((plain) => error.constructor === plain);
  return {
    type: error.constructor.name,
    code,
    message: own && code === undefined ? error.message : undefined,
    stack: error.stack
      ?.split('\n')
      .filter((line) => line.startsWith('    at '))
      .slice(0, 6)
      .join('\n'),
    cause: error.cause === undefined ? undefined : errorFields(error.cause),
  };
}
