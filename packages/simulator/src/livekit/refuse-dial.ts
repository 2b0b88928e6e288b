import { HTTPException } from 'hono/http-exception';
import type { HeldFaults } from '../faults.ts';
import { TwirpError } from './twirp.ts';

type Status = NonNullable<HeldFaults['refuseDials']>['status'];

const codes = {
  403: 'permission_denied',
  408: 'deadline_exceeded',
  412: 'failed_precondition',
  429: 'resource_exhausted',
  500: 'unknown',
  503: 'unavailable',
} as const;

/** An error that does not come from the callee: LiveKit's own, without a SIP code, or a proxy's. */
export function refuseDial(status: Status): Error {
  if (status === 502 || status === 504) {
    return new HTTPException(status, { message: '<html><body>the proxy has no answer</body></html>' });
  }
  return new TwirpError(codes[status], 'twirp error unknown: simulated fault');
}
