import { liveKitFault } from '@leadline/telephony/livekit';
import { requireWithin } from '@leadline/time/within';
import type { CallEvent } from './call-state.ts';
import type { Deps } from './deps.ts';

/** A look that takes this long has failed; the SDK would wait a minute. */
const patienceMs = 5_000;
const tooLong = 'LiveKit took too long';

/** Asks LiveKit about the call's leg and returns an event of the call. We log only an error's class and code. */
export async function lookAtLeg(callId: number, room: string, deps: Deps, agentLeft = false): Promise<CallEvent> {
  try {
    const look = await requireWithin(patienceMs, deps.livekit.look(room), tooLong);
    deps.metrics.looks.inc({ seen: look.leg?.status ?? 'gone' });
    if (look.leg !== undefined) await sendAway(callId, room, look.uninvited ?? [], deps);
    // Where LiveKit tells no names, whoever is there counts.
    const agentPresent = look.agentPresent || look.namelessAgentPresent === true;
    return { kind: 'looked', leg: look.leg ?? null, agentPresent, agentLeft, aliveAgoMs: deps.beats.agoMs(room) };
  } catch (error) {
    deps.log.warn({ ...liveKitFault(error), callId }, 'LiveKit could not be looked at');
    deps.metrics.looks.inc({ seen: 'unknown' });
    return { kind: 'look_failed' };
  }
}

/**
 * A worker without a name is sent to a room with its second agent too. Nobody talks to the person beside our agent. One that
 * stays is seen by the next look.
 */
async function sendAway(callId: number, room: string, uninvited: readonly string[], deps: Deps): Promise<void> {
  for (const identity of uninvited) {
    try {
      await requireWithin(patienceMs, deps.livekit.takeOut(room, identity), tooLong);
      deps.log.warn(
        { callId },
        'an agent of a worker without a name was taken out of the room: give that worker a name',
      );
    } catch (error) {
      deps.log.warn(
        { ...liveKitFault(error), callId },
        'an agent of a worker without a name is in the room, and stays',
      );
    }
  }
}

/**
 * Ends every leg of the call's room. The decision was written before. The next look shows the result, because neither a 200
 * nor a 404 proves that the phone is silent.
 */
export async function stopLeg(callId: number, room: string, deps: Deps): Promise<void> {
  try {
    await requireWithin(patienceMs, deps.livekit.endRoom(room), tooLong);
    deps.metrics.stops.inc({ answer: 'done' });
  } catch (error) {
    const fault = liveKitFault(error);
    deps.metrics.stops.inc({ answer: fault.code ?? 'failed' });
    deps.log.info({ ...fault, callId }, 'LiveKit did not end the room; it is looked at again');
  }
}
