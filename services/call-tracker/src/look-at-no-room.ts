import { toFaultWords, type LiveKit } from '@leadline/telephony/livekit';

/** True if LiveKit accepts our key, which we test with a room that no call has; otherwise what is wrong. */
export async function lookAtNoRoom(livekit: Pick<LiveKit, 'look'>): Promise<true | string> {
  try {
    await livekit.look('call-0-000000000000');
    return true;
  } catch (error) {
    return toFaultWords(error);
  }
}
