import {
  after,
  bridgeMissedMs,
  dialledAt,
  hasAnswers,
  latest,
  longestAt,
  type Facts,
  type Known,
  type Policy,
} from './call-facts.ts';

/** Two looks this far apart, and none between them that failed or showed the leg, prove a stopped leg gone. */
export const goneApartMs = 60_000;

/** Until when the number and the trunk's slot are in use; null: no end is known. */
export type Release = { numberFreeAt: Date | null; slotFreeAt: Date | null };

/**
 * A number is free where the leg's end is proved. Elsewhere a phone may still ring that nobody can see: until the
 * provider's own limit, or, after a stop of ours, until LiveKit itself has surely ended the leg.
 */
export function decideRelease({ call, facts, dial }: Known, policy: Policy): Release {
  const { dialResult, legLeftAt, stoppedAt } = facts;
  const failed = dialResult?.kind === 'failed' ? dialResult : null;
  if (failed?.numberFree === true) return both(failed.at);
  const dialled = dialledAt(facts, dial);
  if (dialled === null) return both(failed?.at ?? null);
  const settled = call.status !== 'calling';
  const longest = longestAt(dialled, policy);
  const stopProved = stoppedAt === null ? null : (goneTwiceAt(facts) ?? longest);

  // An agent's word alone proves no answer here: it would free the number of a phone that may still ring.
  if (facts.everAnswered) {
    const over = legLeftAt ?? (settled ? longest : null);
    if (over === null) return both(stopProved === null ? null : goneTwiceAt(facts));
    const phoneLetGo = after(over, bridgeMissedMs);
    // A bridge that lives ends its legs in time: the one of a leg that outlived it may just have died.
    if (over >= longest) return both(phoneLetGo);
    if (stopProved !== null) return both(latest(stopProved, phoneLetGo));
    return { numberFreeAt: phoneWasTold(facts) ? over : phoneLetGo, slotFreeAt: over };
  }
  const over = latest(legLeftAt, failed && failed.at) ?? (settled ? longest : null);
  if (over === null) return both(null);
  const bridgeMayHaveDied = failed === null && legLeftReasonIsNoProof(facts);
  // And then the call may have been answered all the same, unheard.
  const heldMs = bridgeMayHaveDied ? Math.max(policy.providerRingMs, bridgeMissedMs) : policy.providerRingMs;
  const numberFreeAt = latest(after(over, heldMs), stopProved);
  return { numberFreeAt, slotFreeAt: bridgeMayHaveDied || stoppedAt !== null ? numberFreeAt : over };
}

/**
 * An end that no webhook tells of: the leg was answered, its agent has said its last word or we have ended it, and two looks
 * show it gone. It ended with the agent's word, or, where it outlived that, when it was first not seen any more.
 */
export function learnUnseenEnd({ call, facts }: Pick<Known, 'call' | 'facts'>): Facts {
  const { agentEndedAt, stoppedAt, legLeftAt, watch } = facts;
  const isAnswered = facts.everAnswered || hasAnswers(call);
  if (!isAnswered || legLeftAt !== null || goneTwiceAt(facts) === null) return facts;
  const endedAt = stoppedAt === null ? agentEndedAt : watch.goneSince;
  return endedAt === null ? facts : { ...facts, legLeftAt: endedAt, legLeftReason: 'NOT_SHOWN' };
}

export function goneTwiceAt(facts: Facts): Date | null {
  const { goneSince, lookedAt } = facts.watch;
  if (goneSince === null || lookedAt === null) return null;
  const provedAt = after(goneSince, goneApartMs);
  return lookedAt >= provedAt ? provedAt : null;
}

/**
 * The bridge, which tells the phone, left by itself; or it died 20 s before, and who hears nothing has hung up. Where the
 * agent took the leg off, a bridge that has just died tells nobody, and LiveKit says that the leg has left all the same.
 */
function phoneWasTold({ legLeftReason }: Facts): boolean {
  const leaves = ['CLIENT_INITIATED', 'USER_REJECTED', 'USER_UNAVAILABLE', 'CONNECTION_TIMEOUT'];
  return legLeftReason !== null && leaves.includes(legLeftReason);
}

function legLeftReasonIsNoProof(facts: Facts): boolean {
  return [null, 'CONNECTION_TIMEOUT', 'ROOM_FINISHED', 'NOT_SHOWN'].includes(facts.legLeftReason);
}

function both(at: Date | null): Release {
  return { numberFreeAt: at, slotFreeAt: at };
}
