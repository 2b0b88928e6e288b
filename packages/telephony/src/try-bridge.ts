import { SIPOutboundConfig, SIPTransport } from '@livekit/protocol';
import { ServerError, SipClient } from 'livekit-server-sdk';

/** `answers`: a bridge took the dial. `none`: LiveKit found no bridge. `no_redis`: this server has no SIP service. */
export type BridgeAnswer = 'answers' | 'none' | 'no_redis' | 'unclear';

/** Port 9 of the bridge's own machine, over TCP: nothing listens there, and no telephone can be there. */
const nowhere = { hostname: '127.0.0.1:9', transport: SIPTransport.SIP_TRANSPORT_TCP };

/** Lets the bridge dial where no phone can ring, over no trunk of ours, and tells by LiveKit's answer whether there is one. */
export async function tryBridge(
  { url, apiKey, apiSecret }: { url: string; apiKey: string; apiSecret: string },
  room: string,
): Promise<BridgeAnswer> {
  const sip = new SipClient(url, apiKey, apiSecret, { failover: false });
  const given = { participantIdentity: 'doctor', fromNumber: 'nobody', ringingTimeout: 3, timeout: 10 };
  try {
    await sip.createSipParticipant(
      '',
      'nobody',
      room,
      { ...given, waitUntilAnswered: true },
      new SIPOutboundConfig(nowhere),
    );
    return 'unclear';
  } catch (error) {
    return error instanceof ServerError ? toBridgeAnswer(error.code, error.message) : 'unclear';
  }
}

/**
 * What LiveKit's answer to such a dial means. Seen on server 1.13.5: with bridge 1.11.0 a refused connection (412), without
 * one no response (503).
 */
export function toBridgeAnswer(code: string | undefined, text: string): BridgeAnswer {
  if (code === 'failed_precondition' && text.includes('connection refused')) return 'answers';
  if (code === 'canceled' && text.includes('sip request timed out')) return 'answers';
  if (code === 'unavailable' && text.includes('no response from servers')) return 'none';
  if (code === 'internal' && text.includes('sip not connected')) return 'no_redis';
  return code === 'unknown' && text.includes('dial tcp') ? 'no_redis' : 'unclear';
}
