import { currentTraceparent } from '@leadline/tracing/span';
import { isRefusedRequest, liveKitFault } from '@leadline/telephony/livekit';
import { setTimeout as wait } from 'node:timers/promises';
import type { Claim } from './claim-due-leads.ts';
import type { Deps } from './deps.ts';
import { readPromised } from './read-promised.ts';
import { modes } from '@leadline/contracts/modes';
import { toJobMetadata } from './to-job-metadata.ts';

/**
 * `unreachable`: LiveKit itself could not be asked, so nothing is known of the agent. `refused`: it does not take this
 * request, and would take another lead's.
 */
export type AgentArrival = 'present' | 'absent' | 'unreachable' | 'refused';

/** Wakes the wait for one room: the agent said that it is ready. */
export type AgentReadiness = {
  /** To be called before its agent is sent for, and closed at the end: what is said from now on is heard, whenever it is waited for. */
  expect(room: string): { wait(ms: number, signal: AbortSignal): Promise<void>; close(): void };
  heard(room: string): void;
};

const lookEachMs = 300;

/**
 * Makes the room with the agent dispatched and waits until the agent is in it, for at most the agent wait. A dispatch
 * that succeeds does not mean that an agent comes, so the room itself is looked at; agent.ready only shortens the wait.
 */
export async function awaitAgent(
  claim: Claim,
  readiness: AgentReadiness,
  deps: Deps,
  signal: AbortSignal,
): Promise<AgentArrival> {
  const deadline = performance.now() + deps.policy.agentWaitMs;
  const expected = readiness.expect(claim.room);
  try {
    return await dispatchAndWait(claim, expected, deadline, { deps, signal });
  } finally {
    expected.close();
  }
}

async function dispatchAndWait(
  claim: Claim,
  expected: ReturnType<AgentReadiness['expect']>,
  deadline: number,
  { deps, signal }: { deps: Deps; signal: AbortSignal },
): Promise<AgentArrival> {
  const callback = claim.callbackId === null ? undefined : await readPromised(deps.postgres.sql, claim.callbackId);
  const mode = modes.get(claim.mode);
  const told = { window: deps.policy.window, mode, callback, traceparent: currentTraceparent() };
  const metadata = toJobMetadata(claim, told);
  let arrival: AgentArrival = 'unreachable';
  try {
    await deps.livekit.dispatchAgent(claim.room, deps.policy.agentName, JSON.stringify(metadata));
  } catch (error) {
    deps.log.warn({ ...liveKitFault(error), callId: claim.callId }, 'the agent could not be dispatched');
    return isRefusedRequest(error) ? 'refused' : arrival;
  }
  while (!signal.aborted) {
    // Nobody is there yet right after the dispatch.
    await expected.wait(Math.max(0, Math.min(lookEachMs, deadline - performance.now())), signal);
    try {
      const look = await deps.livekit.look(claim.room);
      if (look.agentPresent) return 'present';
      arrival = 'absent';
    } catch (error) {
      deps.log.warn({ ...liveKitFault(error), callId: claim.callId }, 'the room could not be looked at');
    }
    if (performance.now() >= deadline) break;
  }
  return arrival;
}

/** Agents that report ready, heard by plain subscription in every replica. */
export function agentReadiness(): AgentReadiness {
  const expected = new Map<string, () => void>();
  return {
    expect(room) {
      let heard = Promise.withResolvers<void>();
      expected.set(room, () => heard.resolve());
      return {
        async wait(ms, signal) {
          const done = new AbortController();
          await Promise.race([
            heard.promise,
            wait(ms, undefined, { signal: AbortSignal.any([signal, done.signal]) }).catch(() => undefined),
          ]);
          done.abort();
          heard = Promise.withResolvers();
        },
        close: () => expected.delete(room),
      };
    },
    heard: (room) => expected.get(room)?.(),
  };
}
