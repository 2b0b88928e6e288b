/** The breaker's state, shared by all replicas in dial_control. When its pause is over, one probe at a time may dial. */
export type Breaker = { openUntil: Date | null; delayMs: number | null; startupFailures: number };

/** What a dial, or the wait for its agent, showed about LiveKit and the trunk. */
export type BreakerSign = 'works' | 'agent_came' | 'no_agent' | 'not_dialled';

/** The first pause before a probe, and the longest. The pause doubles each time. */
export type BreakerPolicy = { firstDelayMs: number; longestDelayMs: number };

const startupFailuresToTrip = 3;

/** The breaker is closed and has counted no failure, so a good sign changes nothing. */
export function isCalm({ openUntil, delayMs, startupFailures }: Breaker): boolean {
  return openUntil === null && delayMs === null && startupFailures === 0;
}

/** Opens the breaker. Each further failure doubles the pause; failures within one pause count once. */
export function decideBreaker(breaker: Breaker, sign: BreakerSign, now: Date, policy: BreakerPolicy): Breaker {
  switch (sign) {
    case 'works':
      return { openUntil: null, delayMs: null, startupFailures: 0 };
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

function trip(breaker: Breaker, now: Date, { firstDelayMs, longestDelayMs }: BreakerPolicy): Breaker {
  if (breaker.openUntil !== null && breaker.openUntil > now) return breaker;
  const delayMs = breaker.delayMs === null ? firstDelayMs : Math.min(breaker.delayMs * 2, longestDelayMs);
  return { ...breaker, delayMs, openUntil: new Date(now.getTime() + delayMs) };
}
