import { liveKitFault } from '@leadline/telephony/livekit';
import { requireWithin } from '@leadline/time/within';
import type { CallEvent } from './call-state.ts';
import type { Deps } from './deps.ts';

/** The SDK would wait a minute; a look that takes this long is as good as failed. */
const patienceMs = 5_000;
const tooLong = 'LiveKit took too long';

/** What LiveKit shows of the call's leg, as an event of the call. Errors are logged by class and code only. */
export async function lookAtLeg(callId: number, room: string, deps: Deps): Promise<CallEvent> {
  try {
    const look = await requireWithin(patienceMs, deps.livekit.look(room), tooLong);
    deps.metrics.looks.inc({ seen: look.leg?.status ?? 'gone' });
    return { kind: 'looked', leg: look.leg ?? null, agentPresent: look.agentPresent };
  } catch (error) {
    deps.log.warn({ ...liveKitFault(error), callId }, 'LiveKit could not be looked at');
    deps.metrics.looks.inc({ seen: 'unknown' });
    return { kind: 'look_failed' };
  }
}

/**
 * Ends every leg of the call's room. That it was decided is written before; what came of it the next look shows, for
 * neither a 200 nor a 404 proves the phone silent.
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
