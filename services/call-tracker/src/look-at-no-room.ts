import { toFaultWords, type LiveKit } from '@leadline/telephony/livekit';

/** Whether LiveKit takes our key: of a room that is no call's it tells that nobody is there. Else what is wrong. */
export async function lookAtNoRoom(livekit: Pick<LiveKit, 'look'>): Promise<true | string> {
  try {
    await livekit.look('call-0-000000000000');
    return true;
  } catch (error) {
    return toFaultWords(error);
  }
}
