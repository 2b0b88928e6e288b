import { NatsError } from 'nats';

/** An error's class and code only, for logs, headers and rows, because its text may hold a row's values. */
export function describeError(error: unknown): string {
  if (error instanceof NatsError)
    return error.api_error === undefined ? error.code : `${error.code}/${error.api_error.err_code}`;
  if (!(error instanceof Error)) return typeof error;
  const code = 'code' in error && typeof error.code === 'string' ? ` ${error.code}` : '';
  return `${error.constructor.name}${code}`;
}
