import {
  after,
  bridgeMissedMs,
  dialledAt,
  latest,
  longestAt,
  type Call,
  type Dial,
  type Facts,
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
export function decideRelease(call: Call, facts: Facts, dial: Dial, policy: Policy): Release {
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
    return { numberFreeAt: wasTakenOff(facts) ? phoneLetGo : over, slotFreeAt: over };
  }
  const over = latest(legLeftAt, failed && failed.at) ?? (settled ? longest : null);
  if (over === null) return both(null);
  // Whose end nobody saw may have been answered all the same, by a bridge that died since.
  const unseen = legLeftAt === null && failed === null;
  const heldMs = unseen ? Math.max(policy.providerRingMs, bridgeMissedMs) : policy.providerRingMs;
  const numberFreeAt = latest(after(over, heldMs), stopProved);
  const bridgeMayHaveDied = failed === null && legLeftReasonIsNoProof(facts);
  return { numberFreeAt, slotFreeAt: bridgeMayHaveDied || stoppedAt !== null ? numberFreeAt : over };
}

export function goneTwiceAt(facts: Facts): Date | null {
  const { goneSince, lookedAt } = facts.watch;
  if (goneSince === null || lookedAt === null) return null;
  const provedAt = after(goneSince, goneApartMs);
  return lookedAt >= provedAt ? provedAt : null;
}

/**
 * The agent ended its leg or room, and not the bridge, which tells the phone. One that died in the 21 s before tells nobody,
 * and LiveKit takes the leg off all the same.
 */
function wasTakenOff({ legLeftReason }: Facts): boolean {
  return legLeftReason !== null && ['PARTICIPANT_REMOVED', 'ROOM_DELETED', 'ROOM_FINISHED'].includes(legLeftReason);
}

function legLeftReasonIsNoProof(facts: Facts): boolean {
  return [null, 'CONNECTION_TIMEOUT', 'ROOM_FINISHED'].includes(facts.legLeftReason);
}

function both(at: Date | null): Release {
  return { numberFreeAt: at, slotFreeAt: at };
}
