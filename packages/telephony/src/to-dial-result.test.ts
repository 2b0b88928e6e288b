import { expect, test } from 'vitest';
import { toDialResult, type DialError } from './to-dial-result.ts';

const server = (status: number, code: string | undefined, text: string, sipStatus?: number): DialError => ({
  kind: 'server',
  status,
  code,
  text,
  sipStatus,
});
const read = (error: DialError, elapsedMs = 30_000) => {
  const result = toDialResult(error, elapsedMs, 30_000);
  switch (result.kind) {
    case 'failed':
      return `${result.reason} rang ${result.rang}${result.numberFree ? ', number free' : ''}`;
    case 'answered':
      return 'answered';
    case 'not_dialled':
    case 'unknown':
      return `${result.kind}: ${result.because}`;
  }
};

test.for([
  [486, 429, 'resource_exhausted', 'rejected rang yes, number free'],
  [600, 429, 'resource_exhausted', 'rejected rang yes, number free'],
  [603, 403, 'permission_denied', 'rejected rang yes, number free'],
  [607, 403, 'permission_denied', 'rejected rang yes, number free'],
  [480, 429, 'resource_exhausted', 'unanswered rang probably, number free'],
  [408, 408, 'deadline_exceeded', 'unanswered rang probably, number free'],
  [487, 409, 'aborted', 'unanswered rang probably, number free'],
  [404, 404, 'not_found', 'dispatch_failed rang unknown, number free'],
  [403, 403, 'permission_denied', 'dispatch_failed rang unknown, number free'],
  [503, 412, 'failed_precondition', 'dispatch_failed rang unknown, number free'],
] as const)('SIP %i is read by its own code, not by HTTP %i', ([sip, status, code, expected]) => {
  expect(read(server(status, code, 'twirp error unknown: INVITE failed', sip))).toBe(expected);
});

test.for([
  [server(408, 'canceled', 'twirp error unknown: sip request timed out'), 30_000, 'unanswered rang probably'],
  [server(408, 'canceled', 'twirp error unknown: sip request timed out'), 2_000, 'unknown: cancelled'],
  [server(408, 'canceled', 'context canceled'), 2_000, 'unknown: cancelled'],
  [server(408, 'canceled', 'request canceled'), 2_000, 'unknown: cancelled'],
  [
    server(408, 'canceled', 'transaction failed to complete (0 intermediate responses)'),
    30_000,
    'dispatch_failed rang unknown',
  ],
  [server(408, 'canceled', 'service shutting down'), 1_000, 'dispatch_failed rang unknown'],
  [server(408, 'deadline_exceeded', 'request timed out'), 80_000, 'unknown: deadline_exceeded'],
  [server(404, 'not_found', 'requested sip trunk does not exist'), 3, 'not_dialled: trunk_missing'],
  [server(404, 'not_found', 'object cannot be found'), 3, 'not_dialled: trunk_missing'],
  [server(400, 'invalid_argument', 'number must be set'), 3, 'dispatch_failed rang no, number free'],
  [
    server(412, 'failed_precondition', 'max auth retry attempts reached for SIP invite'),
    50,
    'not_dialled: trunk_login',
  ],
  [
    server(412, 'failed_precondition', 'sip server required auth, but no username or password was provided'),
    50,
    'not_dialled: trunk_login',
  ],
  [
    server(412, 'failed_precondition', 'transport<TCP> dial err=dial tcp: connect: connection refused'),
    50,
    'dispatch_failed rang no, number free',
  ],
  [server(412, 'failed_precondition', 'no common codec'), 900, 'dispatch_failed rang unknown'],
  [server(401, 'unauthenticated', 'permissions denied'), 3, 'not_dialled: refused_login'],
  [server(401, undefined, 'invalid token: …'), 3, 'not_dialled: refused_login'],
  [server(429, 'resource_exhausted', 'limit exceeded'), 3, 'not_dialled: rate_limited'],
  [server(503, 'unavailable', 'no response from servers'), 1_000, 'not_dialled: no_bridge'],
  [server(503, undefined, '<html>'), 1_000, 'unknown: http_503'],
  [server(502, undefined, '<html>'), 1_000, 'unknown: http_502'],
  [server(500, 'internal', 'twirp error unknown: update room failed: x'), 5_000, 'not_dialled: room_not_joined'],
  [server(500, 'internal', 'twirp error unknown: sip not connected (redis required)'), 3, 'not_dialled: no_redis'],
  [server(500, 'internal', 'something else'), 5_000, 'unknown: internal'],
  [server(500, 'unknown', 'dial tcp 127.0.0.1:6379: connect: connection refused'), 500, 'not_dialled: no_redis'],
  [server(500, 'unknown', 'something else'), 500, 'unknown: unknown'],
  [{ kind: 'timeout' }, 45_000, 'unknown: no_answer_in_time'],
  [{ kind: 'network', code: 'ECONNREFUSED' }, 3, 'not_dialled: unreachable'],
  [{ kind: 'network', code: 'UND_ERR_SOCKET' }, 3, 'unknown: connection_lost'],
  [{ kind: 'network', code: undefined }, 3, 'unknown: connection_lost'],
] as [DialError, number, string][])('without a SIP code: %j after %i ms', ([error, elapsedMs, expected]) => {
  expect(read(error, elapsedMs)).toBe(expected);
});

test('the trunk’s own words are handed on, and mean what the settings say of them', () => {
  const phrases = [
    { phrase: 'no circuit', meaning: 'no_channel' as const },
    { phrase: 'limit exceeded', meaning: 'account' as const },
    { phrase: '480 absent', meaning: 'switched_off' as const },
  ];
  const told = (code: number, phrase: string, known = phrases) =>
    toDialResult({ ...server(500, 'unknown', 'twirp error unknown', code), phrase } as DialError, 1_000, 30_000, known);
  expect(told(486, 'Busy Here')).toMatchObject({ kind: 'failed', reason: 'rejected', phrase: 'Busy Here' });
  expect(told(480, 'No circuit/channel')).toEqual({
    kind: 'not_dialled',
    because: 'no_channel',
    phrase: 'No circuit/channel',
  });
  expect(told(403, 'Limit exceeded')).toMatchObject({ kind: 'not_dialled', because: 'account_refused' });
  expect(told(480, 'Absent')).toMatchObject({ kind: 'failed', reason: 'unanswered', rang: 'no', numberFree: true });
  // Whoever has learnt nothing takes every answer for the person's.
  expect(told(480, 'No circuit/channel', [])).toMatchObject({ kind: 'failed', reason: 'unanswered', rang: 'probably' });
});
