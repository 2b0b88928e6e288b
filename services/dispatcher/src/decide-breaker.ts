/**
 * The breaker's state, shared by all replicas in dial_control. When its pause is over, one probe at a time may dial.
 * `unknownNumbers`: the newest dials in a row that ended because the network knows no such number, oldest first.
 */
export type Breaker = {
  openUntil: Date | null;
  delayMs: number | null;
  startupFailures: number;
  unknownNumbers: readonly SentDial[];
};

export type SentDial = { callId: number; number: string; sentAt: Date };

/**
 * What a dial, or the wait for its agent, showed about LiveKit and the trunk. `reached`: somebody answered or declined, or
 * their phone was not reached, so the trunk knows numbers. `works`: any other final answer of the network.
 */
export type BreakerSign =
  | { kind: 'works' | 'agent_came' | 'no_agent' | 'not_dialled' }
  | { kind: 'reached' | 'no_such_number'; dial: SentDial };

/** The first pause before a probe, and the longest. The pause doubles each time. */
export type BreakerPolicy = { firstDelayMs: number; longestDelayMs: number };

const startupFailuresToTrip = 3;
/** Buyers mistype their numbers, but hardly this many in a row. */
const unknownNumbersToTrip = 5;
const mostUnknownNumbers = 50;

/** The breaker is closed and has counted no failure, so a good sign changes nothing. */
export function isCalm({ openUntil, delayMs, startupFailures, unknownNumbers }: Breaker): boolean {
  return openUntil === null && delayMs === null && startupFailures === 0 && unknownNumbers.length === 0;
}

/**
 * The trunk called so many different numbers in a row unknown that the fault is probably the trunk's. Then no lead may end
 * because of these dials.
 */
export function knowsNoNumber({ unknownNumbers }: Pick<Breaker, 'unknownNumbers'>): boolean {
  return new Set(unknownNumbers.map(({ number }) => number)).size >= unknownNumbersToTrip;
}

/** Opens the breaker. Each further failure doubles the pause; failures within one pause count once. */
export function decideBreaker(breaker: Breaker, sign: BreakerSign, now: Date, policy: BreakerPolicy): Breaker {
  switch (sign.kind) {
    case 'reached': {
      // A phone that already rang when the trunk broke says nothing about the dials after it.
      const unknownNumbers = breaker.unknownNumbers.filter(({ sentAt }) => sentAt > sign.dial.sentAt);
      return knowsNoNumber({ unknownNumbers }) ? { ...breaker, unknownNumbers } : close(unknownNumbers);
    }
    case 'works':
      return knowsNoNumber(breaker) ? trip(breaker, now, policy) : close(breaker.unknownNumbers);
    case 'no_such_number': {
      const unknownNumbers = addUnknown(breaker, sign.dial);
      return knowsNoNumber({ unknownNumbers })
        ? trip({ ...breaker, unknownNumbers }, now, policy)
        : close(unknownNumbers);
    }
    case 'agent_came':
      return { ...breaker, startupFailures: 0 };
    case 'no_agent': {
      const startupFailures = breaker.startupFailures + 1;
      const counted = { ...breaker, startupFailures };
      return startupFailures >= startupFailuresToTrip || breaker.delayMs !== null
        ? trip(counted, now, policy)
        : counted;
    }
    case 'not_dialled':
      return trip(breaker, now, policy);
  }
}

function close(unknownNumbers: readonly SentDial[]): Breaker {
  return { openUntil: null, delayMs: null, startupFailures: 0, unknownNumbers };
}

/** Once the breaker has tripped, probes of one number must not push the other numbers out of the list. */
function addUnknown(breaker: Breaker, dial: SentDial): readonly SentDial[] {
  const kept = knowsNoNumber(breaker)
    ? breaker.unknownNumbers.filter(({ number }) => number !== dial.number)
    : breaker.unknownNumbers;
  return [...kept, dial].slice(-mostUnknownNumbers);
}

function trip(breaker: Breaker, now: Date, { firstDelayMs, longestDelayMs }: BreakerPolicy): Breaker {
  if (breaker.openUntil !== null && breaker.openUntil > now) return breaker;
  const delayMs = breaker.delayMs === null ? firstDelayMs : Math.min(breaker.delayMs * 2, longestDelayMs);
  return { ...breaker, delayMs, openUntil: new Date(now.getTime() + delayMs) };
}
