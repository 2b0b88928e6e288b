import { isMachine } from '@leadline/contracts/answered-by';
import { after, answererOf, talkEndAt, type Facts, type Known, type Policy } from './call-facts.ts';

/** An agent may be between two connections for a moment. */
export const aloneMs = 5_000;
/** A talk that has less time left than this is ended: nobody is handed over for a goodbye. */
const worthTalkingMs = 3_000;
/** An agent that has sent `agent.alive` sends it every 5 s. It may be late by this much. */
export const silentAfterMs = 6_000;

/** How sure it is that the agent of an answered leg is gone. */
export type Loss = {
  /** LiveKit told that it left, or it said itself that it goes: there is nothing to wait for. */
  told: boolean;
};

export type Alone = 'wait' | 'take_over' | 'stop';

/**
 * What becomes of a person whom a look shows without an agent: another agent is sent for, at once where the loss is sure;
 * while one is awaited there is no other, and if it does not come in time, the leg ends. Each is sent for once, before
 * LiveKit is asked: two agents that talk at the same time are worse than none.
 */
export function decideAlone(known: Known, loss: Loss, now: Date, policy: Policy): Alone {
  const { aloneSince } = known.facts.watch;
  if (aloneSince === null) return 'wait';
  const awaited = awaitedTakeover(known.facts);
  if (awaited !== null) return now >= after(awaited.at, policy.agentWaitMs) ? 'stop' : 'wait';
  const isOver = now >= after(aloneSince, aloneMs);
  if (!isWorthSaving(known, now, policy)) return isOver ? 'stop' : 'wait';
  return isOver || loss.told || saidItFailed(known.facts) ? 'take_over' : 'wait';
}

/** The agent that was sent for and is not there yet. */
export function awaitedTakeover({ takeovers }: Facts): Facts['takeovers'][number] | null {
  const newest = takeovers.at(-1);
  return newest === undefined || newest.cameAt !== null ? null : newest;
}

/**
 * Whether the agent has said its last word on this talk. One that ended by a fault has not, where another agent may take
 * over or has done so.
 */
export function hasLastWord(facts: Facts): boolean {
  return facts.agentEndedAt !== null && !(saidItFailed(facts) && facts.takeovers.length > 0);
}

export function saidItFailed({ agentEndedAt, endedBy }: Facts): boolean {
  return agentEndedAt !== null && endedBy === 'error';
}

/** Somebody who may go on talking: no machine, nobody who is done, nobody whose time is up. */
function isWorthSaving(known: Known, now: Date, policy: Policy): boolean {
  const { call, facts } = known;
  if (call.status !== 'calling' || facts.stoppedAt !== null || facts.legLeftAt !== null) return false;
  if (call.doNotCall || isMachine(answererOf(known))) return false;
  if (facts.agentEndedAt !== null && !saidItFailed(facts)) return false;
  const talkEnd = talkEndAt(call, policy);
  return facts.takeovers.length < policy.maxTakeovers && (talkEnd === null || after(now, worthTalkingMs) < talkEnd);
}

/**
 * Whether the agent that LiveKit still lists is dead: it has sent `agent.alive`, and stopped. A beat from before the newest
 * takeover is of an agent that has been replaced.
 */
export function isSilent({ takeovers }: Facts, aliveAgoMs: number | null, now: Date): boolean {
  if (aliveAgoMs === null || aliveAgoMs < silentAfterMs) return false;
  const newest = takeovers.at(-1);
  return newest === undefined || now.getTime() - aliveAgoMs > newest.at.getTime();
}
