import { expect, test } from 'vitest';
import { toBridgeAnswer } from './try-bridge.ts';

test.for([
  [
    'failed_precondition',
    'twirp error unknown: transport<TCP> dial err=dial tcp :0->127.0.0.1:9: connect: connection refused',
    'answers',
  ],
  ['canceled', 'twirp error unknown: sip request timed out', 'answers'],
  ['unavailable', 'twirp error unknown: no response from servers', 'none'],
  ['internal', 'sip not connected (redis required)', 'no_redis'],
  ['unknown', 'dial tcp 127.0.0.1:6379: connect: connection refused', 'no_redis'],
  ['failed_precondition', 'twirp error unknown: no numbers on outbound trunk', 'unclear'],
  ['permission_denied', 'permissions denied', 'unclear'],
  [undefined, 'upstream connect error', 'unclear'],
] as const)('%s "%s" means: %s', ([code, text, meaning]) => {
  expect(toBridgeAnswer(code, text)).toBe(meaning);
});
