import type { DisconnectReason } from './room.ts';
import { TwirpError, type TwirpCode } from './twirp.ts';

type Row = { phrase: string; code: TwirpCode; reason: DisconnectReason; failed?: true };

/** A real server's Twirp code and disconnect reason for each final SIP code, as recorded. */
const table: Record<number, Row> = {
  302: { phrase: 'Moved Temporarily', code: 'not_found', reason: 'CLIENT_INITIATED' },
  403: { phrase: 'Forbidden', code: 'permission_denied', reason: 'USER_REJECTED' },
  404: { phrase: 'Not Found', code: 'not_found', reason: 'USER_UNAVAILABLE', failed: true },
  408: { phrase: 'Request Timeout', code: 'deadline_exceeded', reason: 'USER_UNAVAILABLE' },
  410: { phrase: 'Gone', code: 'not_found', reason: 'USER_REJECTED' },
  429: { phrase: 'Too Many Requests', code: 'invalid_argument', reason: 'USER_REJECTED' },
  480: { phrase: 'Temporarily Unavailable', code: 'resource_exhausted', reason: 'USER_UNAVAILABLE', failed: true },
  484: { phrase: 'Address Incomplete', code: 'invalid_argument', reason: 'USER_REJECTED' },
  486: { phrase: 'Busy Here', code: 'resource_exhausted', reason: 'USER_REJECTED', failed: true },
  487: { phrase: 'Request Terminated', code: 'aborted', reason: 'USER_REJECTED' },
  488: { phrase: 'Not Acceptable Here', code: 'invalid_argument', reason: 'USER_REJECTED', failed: true },
  500: { phrase: 'Server Internal Error', code: 'failed_precondition', reason: 'CLIENT_INITIATED' },
  502: { phrase: 'Bad Gateway', code: 'failed_precondition', reason: 'CLIENT_INITIATED' },
  503: { phrase: 'Service Unavailable', code: 'failed_precondition', reason: 'CLIENT_INITIATED' },
  504: { phrase: 'Server Time-out', code: 'deadline_exceeded', reason: 'CLIENT_INITIATED' },
  600: { phrase: 'Busy Everywhere', code: 'resource_exhausted', reason: 'USER_REJECTED' },
  603: { phrase: 'Decline', code: 'permission_denied', reason: 'USER_REJECTED' },
  607: { phrase: 'Unwanted', code: 'permission_denied', reason: 'USER_REJECTED' },
};

const grpcCodes: Partial<Record<TwirpCode, number>> = {
  invalid_argument: 3,
  deadline_exceeded: 4,
  not_found: 5,
  permission_denied: 7,
  resource_exhausted: 8,
  failed_precondition: 9,
  aborted: 10,
};

/** A refused INVITE in the answer to the waiting request, and in the webhook. */
export function toRefusal(
  sipCode: number,
  ownPhrase: string | undefined,
): { error: TwirpError; reason: DisconnectReason } {
  const row: Row = table[sipCode] ?? {
    phrase: `Status ${sipCode}`,
    code: 'failed_precondition',
    reason: 'CLIENT_INITIATED',
  };
  const phrase = ownPhrase ?? row.phrase;
  const text = `${row.failed === true ? 'INVITE failed' : 'unexpected status from INVITE response'}: sip status: ${sipCode}: ${phrase}`;
  return {
    reason: row.reason,
    error: new TwirpError(row.code, `twirp error unknown: ${text}`, {
      error_details: errorDetails(grpcCodes[row.code] ?? 2, text, sipCode, phrase),
      sip_status: phrase,
      sip_status_code: String(sipCode),
    }),
  };
}

/** A google.rpc.Status with a livekit.SIPStatus, in base64. */
function errorDetails(grpcCode: number, text: string, sipCode: number, phrase: string): string {
  const bytes = (field: number, value: Buffer): Buffer =>
    Buffer.concat([Buffer.from([(field << 3) | 2]), varint(value.length), value]);
  const number = (field: number, value: number): Buffer => Buffer.concat([Buffer.from([field << 3]), varint(value)]);
  const status = Buffer.concat([number(1, sipCode), bytes(2, Buffer.from(phrase))]);
  const any = Buffer.concat([bytes(1, Buffer.from('type.googleapis.com/livekit.SIPStatus')), bytes(2, status)]);
  return Buffer.concat([number(1, grpcCode), bytes(2, Buffer.from(text)), bytes(3, any)]).toString('base64');
}

function varint(value: number): Buffer {
  const out: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) {
      out.push(rest);
      return Buffer.from(out);
    }
    out.push((rest & 127) | 128);
  }
}
