import { databaseNow } from '@leadline/database/locks';
import { inSpan, noteOnSpan } from '@leadline/tracing/span';
import { liveKitFault } from '@leadline/telephony/livekit';
import { setTimeout as wait } from 'node:timers/promises';
import { awaitAgent, type AgentArrival, type AgentReadiness } from './await-agent.ts';
import type { Claim } from './claim-due-leads.ts';
import { claimLifeMs, type Deps } from './deps.ts';
import type { Permits } from './permit-together.ts';
import type { PermitGuard } from './permit-guard.ts';
import { moveBreaker } from './move-breaker.ts';
import { reportDial, type DroppedDial } from './report-dial.ts';
import { revokeDial } from './revoke-dial.ts';
import type { DialResult } from '@leadline/telephony/to-dial-result';

/** If COMMIT was sent longer ago, this process was frozen, and other replicas may have gone on without it. */
const longestSinceCommitMs = 1_000;

/** What an attempt waits for before it dials, and what ends these waits. */
export type Waits = { readiness: AgentReadiness; guard: PermitGuard; permits: Permits; stopping: AbortSignal };

/**
 * One attempt from its claim to its own result: agent, permit, dial. `stopping` ends the waits before the permit; a
 * dial that was sent is never hung up because a process stops.
 */
export async function placeCall(claim: Claim, waits: Waits, deps: Deps): Promise<void> {
  const log = deps.log.child({ leadId: claim.leadId, callId: claim.callId, attempt: claim.attempt });
  const arrival = await inSpan('await agent', {}, () => awaitAgent(claim, waits.readiness, deps, waits.stopping));
  if (waits.stopping.aborted) {
    await revokeDial(claim.callId, { putBack: 'dispatcher_stopping' }, deps);
    return endRoom(claim, deps);
  }
  if (arrival !== 'present') {
    await noteAbsence(arrival, deps);
    log.warn({ arrival }, 'no agent is in the room, so we do not call');
    // A probe spends no attempt, nor does a LiveKit that does not answer. A refusal by LiveKit counts: see settle-lead.
    const spent = arrival === 'absent' && !claim.probe;
    await revokeDial(claim.callId, { putBack: spent ? null : `agent_${arrival}` }, deps);
    return endRoom(claim, deps);
  }

  const token = await inSpan('await permit', {}, () => awaitPermit(claim, waits, deps));
  if (token === undefined) return endRoom(claim, deps);
  log.info('dialling');
  const result = await inSpan('dial', { kind: 'client' }, async () => {
    const told = await dial(claim, token, deps);
    noteOnSpan({ 'leadline.result': told.kind === 'failed' ? told.reason : told.kind });
    return told;
  });
  log.info(
    { result: result.kind, ...('because' in result ? { because: result.because } : {}) },
    'the dial has its result',
  );
  await reportUntilCommitted(claim, result, deps, log);
  if (result.kind === 'not_dialled') await endRoom(claim, deps);
}

type DialToken = { token: string; askedForCommitAt: number };

/** Asks for the permit until it is given, refused, or the claim is too old. Undefined: no call; the dial was put back. */
async function awaitPermit(claim: Claim, waits: Waits, deps: Deps): Promise<DialToken | undefined> {
  const deadline = claim.claimedAt + claimLifeMs(deps.policy);
  for (let agentJustCame = true; ; agentJustCame = false) {
    const blocked = waits.stopping.aborted ? 'dispatcher_stopping' : await waits.guard.blockedBy();
    if (blocked !== undefined) {
      await revokeDial(claim.callId, { putBack: blocked }, deps);
      return undefined;
    }
    // We sign before the permit: if this process freezes after the permit, its token has expired when it wakes.
    const token = await deps.livekit.signDialToken();
    const permit = await waits.permits.add({ ...claim, agentJustCame });
    switch (permit.kind) {
      case 'permitted':
        // It is sent: a stop of this process does not end this wait.
        if (permit.afterMs > 0) await wait(permit.afterMs);
        return { token, askedForCommitAt: permit.askedForCommitAt };
      case 'lost':
        await revokeDial(claim.callId, { putBack: 'permit_too_late' }, deps);
        return undefined;
      case 'refused':
        await revokeDial(claim.callId, { putBack: permit.reason }, deps);
        return undefined;
      case 'ask_again':
        if (performance.now() + permit.afterMs > deadline) {
          await revokeDial(claim.callId, { putBack: permit.reason }, deps);
          return undefined;
        }
        await wait(permit.afterMs, undefined, { signal: waits.stopping }).catch(() => undefined);
    }
  }
}

async function dial(claim: Claim, permit: DialToken, deps: Deps): Promise<DialResult | DroppedDial> {
  if (performance.now() - permit.askedForCommitAt > longestSinceCommitMs) {
    return { kind: 'not_dialled', because: 'permit_too_late' };
  }
  return deps.livekit.dial({
    token: permit.token,
    trunkId: deps.policy.trunkId,
    callerId: deps.policy.callerId,
    number: claim.phone,
    room: claim.room,
    ringSeconds: deps.policy.ringSeconds,
    maxCallSeconds: deps.policy.ringSeconds + deps.policy.maxCallSeconds,
    trunkPhrases: deps.policy.trunkPhrases,
  });
}

/** Repeats while the database is down. Without this report LiveKit's state would settle the call, later and with less detail. */
async function reportUntilCommitted(
  claim: Claim,
  result: DialResult | DroppedDial,
  deps: Deps,
  log: Deps['log'],
): Promise<void> {
  const toldAt = performance.now();
  for (let attempt = 1; attempt <= 60; attempt++) {
    try {
      return await reportDial(claim, result, deps, toldAt);
    } catch (error) {
      if (attempt === 1) log.warn({ err: error }, 'the result could not be written; we try again');
      await wait(Math.min(attempt * 250, 2_000));
    }
  }
  log.error('the result could not be written; the call-tracker settles the call by what LiveKit shows');
}

async function noteAbsence(arrival: Exclude<AgentArrival, 'present'>, deps: Deps): Promise<void> {
  // A fault of one lead says nothing about LiveKit or the trunk.
  if (arrival === 'refused') return;
  const sign = arrival === 'absent' ? 'no_agent' : 'not_dialled';
  await deps.postgres.transaction(async (sql) =>
    moveBreaker(sql, { kind: sign }, deps.now(await databaseNow(sql)), deps.policy.breaker),
  );
}

/** Ends the room of a call that was not made, so that its agent need not wait. If this fails, the room ends by itself. */
async function endRoom(claim: Claim, deps: Deps): Promise<void> {
  await deps.livekit.endRoom(claim.room).catch((error: unknown) => {
    deps.log.debug({ ...liveKitFault(error), callId: claim.callId }, 'the room could not be ended');
  });
}
