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

/** A stopped leg is gone if two looks this far apart do not show it, and no look between them failed or showed it. */
export const goneApartMs = 60_000;

/** Until when the number and the trunk's slot are in use; null: until an unknown time. */
export type Release = { numberFreeAt: Date | null; slotFreeAt: Date | null };

/**
 * A number is free once the leg's end is proved. Without proof a phone may still ring unseen: until the provider's own
 * limit or, after we stopped the leg, until LiveKit must have ended it.
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

  // An agent's report alone does not prove an answer: it could free the number of a phone that still rings.
  if (facts.everAnswered) {
    const over = legLeftAt ?? (settled ? longest : null);
    if (over === null) return both(stopProved === null ? null : goneTwiceAt(facts));
    const phoneLetGo = after(over, bridgeMissedMs);
    // A bridge that lives ends its legs in time. If a leg lasted longer, its bridge may just have died.
    if (over >= longest) return both(phoneLetGo);
    if (stopProved !== null) return both(latest(stopProved, phoneLetGo));
    return { numberFreeAt: phoneWasTold(facts) ? over : phoneLetGo, slotFreeAt: over };
  }
  const over = latest(legLeftAt, failed && failed.at) ?? (settled ? longest : null);
  if (over === null) return both(null);
  const bridgeMayHaveDied = failed === null && legLeftReasonIsNoProof(facts);
  // The call may then have been answered without our knowing.
  const heldMs = bridgeMayHaveDied ? Math.max(policy.providerRingMs, bridgeMissedMs) : policy.providerRingMs;
  const numberFreeAt = latest(after(over, heldMs), stopProved);
  return { numberFreeAt, slotFreeAt: bridgeMayHaveDied || stoppedAt !== null ? numberFreeAt : over };
}

/**
 * An end without a webhook: the leg was answered, its agent has sent its last report or we have ended it, and two looks
 * show it gone. It ended with that report or, if it was seen after that, when we first did not see it any more.
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
 * The leg's end is proved if the bridge left by itself, because it signals the phone; or if it died 20 s ago, because a person
 * who hears nothing has hung up. If the agent removed the leg, it is no proof: LiveKit says so too when the bridge has just
 * died and signalled nobody.
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
