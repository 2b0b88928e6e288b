import { currentTraceparent } from '@leadline/tracing/span';
import { isRefusedRequest, liveKitFault } from '@leadline/telephony/livekit';
import { setTimeout as wait } from 'node:timers/promises';
import type { Claim } from './claim-due-leads.ts';
import type { Deps } from './deps.ts';
import { readPromised } from './read-promised.ts';
import { modes } from '@leadline/contracts/modes';
import { toJobMetadata } from './to-job-metadata.ts';

/**
 * `unreachable`: LiveKit did not answer, so we know nothing about the agent. `refused`: LiveKit rejects this lead's
 * request but would accept another lead's.
 */
export type AgentArrival = 'present' | 'absent' | 'unreachable' | 'refused';

/** Wakes whoever waits for the agent in a room, once that agent reports ready. */
export type AgentReadiness = {
  /** Call it before you send for the agent, so that no early report is missed, and close what it returns. */
  expect(room: string): { wait(ms: number, signal: AbortSignal): Promise<void>; isReady(): boolean; close(): void };
  heard(room: string): void;
};

const lookEachMs = 300;

/**
 * Creates the room with the agent sent to it, and waits until our agent has joined, for at most `agentWaitMs`. LiveKit may say
 * yes and still no agent comes, so we check who is in the room; agent.ready only shortens the wait. An agent of another name
 * is no reason to ring. Where LiveKit tells no names, an agent is ours once it has reported ready.
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
    await deps.livekit.makeRoomWithAgent(claim.room, JSON.stringify(metadata));
  } catch (error) {
    deps.log.warn({ ...liveKitFault(error), callId: claim.callId }, 'the agent could not be dispatched');
    return isRefusedRequest(error) ? 'refused' : arrival;
  }
  while (!signal.aborted) {
    // Right after the dispatch no agent has joined yet.
    await expected.wait(Math.max(0, Math.min(lookEachMs, deadline - performance.now())), signal);
    try {
      const look = await deps.livekit.look(claim.room);
      if (look.agentPresent || (look.namelessAgentPresent === true && expected.isReady())) return 'present';
      arrival = 'absent';
    } catch (error) {
      deps.log.warn({ ...liveKitFault(error), callId: claim.callId }, 'the room could not be looked at');
    }
    if (performance.now() >= deadline) break;
  }
  return arrival;
}

/** Every replica subscribes to agent.ready, because only the one that dispatched the agent waits for it. */
export function agentReadiness(): AgentReadiness {
  const expected = new Map<string, () => void>();
  return {
    expect(room) {
      let heard = Promise.withResolvers<void>();
      let isReady = false;
      expected.set(room, () => {
        isReady = true;
        heard.resolve();
      });
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
        isReady: () => isReady,
        close: () => expected.delete(room),
      };
    },
    heard: (room) => expected.get(room)?.(),
  };
}
