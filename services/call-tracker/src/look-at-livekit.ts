import { liveKitFault } from '@leadline/telephony/livekit';
import type { CallEvent } from './call-state.ts';
import type { Deps } from './deps.ts';

/** The SDK would wait a minute; a look that takes this long is as good as failed. */
const patienceMs = 5_000;

/** What LiveKit shows of the call's leg, as an event of the call. Errors are logged by class and code only. */
export async function lookAtLeg(callId: number, room: string, deps: Deps): Promise<CallEvent> {
  try {
    const look = await withinPatience(deps.livekit.look(room));
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
    await withinPatience(deps.livekit.endRoom(room));
    deps.metrics.stops.inc({ answer: 'done' });
  } catch (error) {
    const fault = liveKitFault(error);
    deps.metrics.stops.inc({ answer: fault.code ?? 'failed' });
    deps.log.info({ ...fault, callId }, 'LiveKit did not end the room; it is looked at again');
  }
}

async function withinPatience<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new DOMException('LiveKit took too long', 'TimeoutError')), patienceMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
