import { parseCallWindow } from '../src/call-window.ts';
import type { DialFacts, DialPolicy } from '../src/decide-dial.ts';

export const noon = new Date('2026-11-24T12:00:00+05:30');

/** Caps that nothing reaches, and a window that is open at `noon`. */
export const dialPolicy: DialPolicy = {
  window: parseCallWindow('mon-sat 09:30-19:00'),
  testNumbers: ['+919000000042'],
  closingDispositions: ['wrong_number'],
  maxConcurrentCalls: 10,
  maxLeadAgeDays: 7,
  contactPauseMs: 24 * 3_600_000,
  promiseToleranceMs: 300_000,
  ringSeconds: 30,
  latestInviteMs: 65_000,
};

/** A new lead with nothing in its way. */
export const freeLead: DialFacts = {
  lead: { status: 'new', retryAfter: null, enquiredAt: noon, askedAgainAt: null, lastEnquiryAt: null },
  promise: null,
  isTest: false,
  testCall: null,
  dndFlag: false,
  phone: '+919000000042',
  hasUndecidedCall: false,
  hasAnswers: false,
  doNotCall: false,
  disposition: null,
  talkedAt: null,
  unheardReport: false,
  numberInUse: undefined,
  slotsInUse: 0,
  control: { stopped: false, breakerOpenUntil: null, breakerTripped: false, probedAt: null },
};
