import type { Rang } from '@leadline/contracts/rang';
import type { FailureReason } from '@leadline/contracts/failure-reason';
import { meaningOf, type TrunkPhrase } from './trunk-phrases.ts';

/** The answer to the waiting dial request, without parts that may hold a secret. */
export type DialError =
  | {
      kind: 'server';
      status: number;
      code: string | undefined;
      text: string;
      sipStatus: number | undefined;
      phrase?: string;
    }
  | { kind: 'timeout' }
  | { kind: 'network'; code: string | undefined };

/**
 * The outcome of a dial, as far as its own request shows it. `numberFree`: the far end has certainly released the
 * number (a final SIP code, or nothing was ever sent to it). `not_dialled`: certainly no phone rang, because of a
 * problem that the next dial would meet too, so the attempt is put back. `unknown`: nobody may dial again; what LiveKit
 * shows and reports later decides.
 */
export type DialResult =
  | { kind: 'answered'; sipCallId: string }
  | {
      kind: 'failed';
      reason: FailureReason;
      sipStatus: number | null;
      rang: Rang;
      numberFree: boolean;
      /** The provider's own words, as they came. */
      phrase?: string;
    }
  | { kind: 'not_dialled'; because: NotDialled; phrase?: string }
  | { kind: 'unknown'; because: string };

export type NotDialled =
  | 'unreachable'
  | 'no_bridge'
  | 'refused_login'
  | 'trunk_missing'
  | 'trunk_login'
  | 'rate_limited'
  | 'no_redis'
  /** By the trunk's own words, where the settings know them. */
  | 'no_channel'
  | 'account_refused'
  | 'room_not_joined';

const declined = [486, 600, 603, 607, 608];
/** A miss, and just as well a phone that is switched off or out of coverage. */
const notReached = [408, 480, 487];
/** Connection errors that occur before a single byte of the request has left. */
const neverConnected = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
];

/**
 * Interprets a failed dial by the answers of real servers: `sip_status_code` first, never the HTTP status (a busy
 * callee is HTTP 429). A text decides only where LiveKit gives nothing else, and must match at its end. Anything else
 * is `unknown`: better no call than a second ring.
 */
export function toDialResult(
  error: DialError,
  elapsedMs: number,
  ringMs: number,
  trunkPhrases: readonly TrunkPhrase[] = [],
): DialResult {
  switch (error.kind) {
    case 'timeout':
      return { kind: 'unknown', because: 'no_answer_in_time' };
    case 'network':
      return neverConnected.includes(error.code ?? '')
        ? { kind: 'not_dialled', because: 'unreachable' }
        : { kind: 'unknown', because: 'connection_lost' };
    case 'server':
      return error.sipStatus === undefined
        ? withoutSipStatus(error, elapsedMs, ringMs)
        : withSipStatus(error.sipStatus, error.phrase, trunkPhrases);
  }
}

function withSipStatus(sipStatus: number, words: string | undefined, trunkPhrases: readonly TrunkPhrase[]): DialResult {
  const phrase = words === undefined ? {} : { phrase: words };
  const known = (reason: FailureReason, rang: Rang): DialResult => ({
    kind: 'failed',
    reason,
    sipStatus,
    rang,
    numberFree: true,
    ...phrase,
  });
  switch (meaningOf(sipStatus, words ?? '', trunkPhrases)) {
    case 'switched_off':
      return known('unanswered', 'no');
    case 'no_channel':
      return { kind: 'not_dialled', because: 'no_channel', ...phrase };
    case 'account':
      return { kind: 'not_dialled', because: 'account_refused', ...phrase };
    case 'person':
      break;
  }
  if (declined.includes(sipStatus)) return known('rejected', 'yes');
  if (notReached.includes(sipStatus)) return known('unanswered', 'probably');
  return known('dispatch_failed', 'unknown');
}

function withoutSipStatus(
  error: { status: number; code: string | undefined; text: string },
  elapsedMs: number,
  ringMs: number,
): DialResult {
  const says = (end: string): boolean => error.text.includes(end);
  switch (error.code) {
    case 'canceled':
      if (says('sip request timed out')) {
        // A room that was removed while ringing gives the same words: only near the ring limit do they mean a
        // no-answer.
        return elapsedMs >= ringMs * 0.9 ? failed('unanswered', 'probably') : { kind: 'unknown', because: 'cancelled' };
      }
      if (says('transaction failed to complete') || says('service shutting down')) {
        return failed('dispatch_failed', 'unknown');
      }
      return { kind: 'unknown', because: 'cancelled' };
    case 'not_found':
      return { kind: 'not_dialled', because: 'trunk_missing' };
    case 'invalid_argument':
    case 'malformed':
      return failed('dispatch_failed', 'no');
    case 'failed_precondition':
      if (says('auth')) return { kind: 'not_dialled', because: 'trunk_login' };
      return failed('dispatch_failed', says('connection refused') || says('no numbers') ? 'no' : 'unknown');
    case 'unauthenticated':
    case 'permission_denied':
      return { kind: 'not_dialled', because: 'refused_login' };
    case 'resource_exhausted':
      return { kind: 'not_dialled', because: 'rate_limited' };
    case 'unavailable':
      if (says('no response from servers') || says('cpu exhausted'))
        return { kind: 'not_dialled', because: 'no_bridge' };
      return { kind: 'unknown', because: 'unavailable' };
    case 'internal':
      // A server without Redis has no SIP service at all.
      if (says('sip not connected')) return { kind: 'not_dialled', because: 'no_redis' };
      if (says('update room failed')) return { kind: 'not_dialled', because: 'room_not_joined' };
      return { kind: 'unknown', because: 'internal' };
    case 'unknown':
      if (says('dial tcp')) return { kind: 'not_dialled', because: 'no_redis' };
      return { kind: 'unknown', because: 'unknown' };
    case undefined:
      // The body is not LiveKit's JSON: plain text is the server's own 401, anything else comes from a proxy in
      // between.
      if (error.status === 401) return { kind: 'not_dialled', because: 'refused_login' };
      return { kind: 'unknown', because: `http_${error.status}` };
    default:
      return { kind: 'unknown', because: error.code };
  }
}

/** Without a final SIP code, only a dial that sent nothing proves that the far end is free. */
function failed(reason: FailureReason, rang: Rang): DialResult {
  return { kind: 'failed', reason, sipStatus: null, rang, numberFree: rang === 'no' };
}
