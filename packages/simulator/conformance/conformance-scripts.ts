import type { z } from 'zod';
import type { Faults } from '../src/faults.ts';
import type { outcome } from '../src/livekit/outcome.ts';

/** How to set up the simulated world for one recorded dial. */
export type Script = {
  callee: z.input<typeof outcome>;
  faults?: Partial<Faults>;
  /** Puts a voice agent into the room before the dial. */
  withAgent?: true;
};

const hangsUp: Script = { callee: { ringMs: 500, talkMs: 1_500 } };
const talksOn: Script = { callee: { ringMs: 500, talkMs: null } };
/** The callee would answer after the ring limit, so that a missed limit shows. */
const answersAfter = (ringMs: number): Script => ({ callee: { ringMs, talkMs: null } });
const refuses = (sipCode: number): Script => ({ callee: { callee: 'refuses', sipCode, ringMs: 300 } });
const silent: Script = { callee: { callee: 'silent' } };
const nobodyThere: Script = { callee: { callee: 'unreachable' } };
const wantsLogin: Script = { callee: { callee: 'wants_login' } };
const neverReached: Script = { callee: {} };
const withAgent = ({ callee }: Script, staysMs = 0, does: 'talks' | 'dies' = 'talks'): Script => ({
  callee: { ...callee, agent: { reports: [], staysMs, does } },
  withAgent: true,
});

/**
 * Scripts by the recording's name: sections 3.1, 3.2 and 3.4 of the recordings, and the parts of 3.3 that are no race.
 */
export const scripts: Record<string, Script> = {
  'answered-callee-hangs-up': hangsUp,
  'answered-callee-hangs-up-nowait': hangsUp,
  'answered-delete-room': talksOn,
  'answered-remove-participant': talksOn,
  'answered-without-ringing': { callee: { skipsRinging: true, ringMs: 0, talkMs: null } },
  'early-media-183': answersAfter(2_000),
  'answered-no-rtp': { callee: { ringMs: 500, noRtp: true } },
  'callee-lost-while-talking': { callee: { ringMs: 500, vanishesMs: 2_000 } },
  'max-call-duration': talksOn,
  'max-call-duration-nowait': talksOn,
  'max-call-duration-shorter-than-ring': answersAfter(6_000),
  'room-made-first': hangsUp,
  'room-metadata-while-talking': talksOn,
  'busy-486': refuses(486),
  'busy-486-nowait': refuses(486),
  'decline-603': refuses(603),
  'decline-603-nowait': refuses(603),
  'unavailable-480': refuses(480),
  'timeout-408': refuses(408),
  'not-found-404': refuses(404),
  'not-found-404-nowait': refuses(404),
  'service-unavailable-503': refuses(503),
  'service-unavailable-503-nowait': refuses(503),
  'ring-timeout': answersAfter(8_000),
  'ring-timeout-nowait': answersAfter(8_000),
  'ring-timeout-before-late-answer': answersAfter(6_000),
  'ring-90s-waiting': answersAfter(85_000),
  'ring-default-not-waiting': answersAfter(190_000),
  'silent-callee-ring-timeout': silent,
  'silent-callee-timer-b': silent,
  'no-sip-peer': nobodyThere,
  'no-sip-peer-tcp': nobodyThere,
  'wrong-sip-password': wantsLogin,
  'wrong-sip-password-407': wantsLogin,
  'sip-password-missing': wantsLogin,
  'trunk-missing': { ...neverReached, faults: { noTrunk: true } },
  'no-bridge': { ...neverReached, faults: { noBridge: true } },
  'no-bridge-nowait': { ...neverReached, faults: { noBridge: true } },
  'ringing-delete-room': answersAfter(15_000),
  'ringing-delete-room-nowait': answersAfter(15_000),
  'ringing-remove-participant': answersAfter(15_000),
  'client-abort-while-ringing': answersAfter(6_000),
  'agent-answered-callee-hangs-up': withAgent(hangsUp, 2_000),
  'agent-answered-delete-room': withAgent(talksOn),
  'agent-busy-486': withAgent(refuses(486), 3_500),
  'agent-ring-timeout': withAgent(answersAfter(6_000), 3_500),
  'agent-killed-while-talking': withAgent(talksOn, 0, 'dies'),
};

/**
 * Section 4 of the recordings, two dials of one number: what the callee does on each, and the state of the first dial
 * when the second comes.
 */
export const twoDialScripts = {
  'same-identity-while-ringing': { callee: { ringMs: 14_000, talkMs: null }, secondWhen: 'ringing' },
  'same-identity-while-talking': { callee: { ringMs: 500, talkMs: null }, secondWhen: 'active' },
  'two-identities-one-room': { callee: { ringMs: 500, talkMs: null }, secondWhen: 'active' },
} as const;

/** Recordings that are no ordinary dials and have tests of their own. */
export const apiScenarios = [
  'auth-errors',
  'bad-arguments',
  'room-service',
  'agent-dispatch-no-worker',
  'sip-codes-table',
  'redial-same-room',
  'webhook-delivery',
];
