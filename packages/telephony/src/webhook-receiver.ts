import { DisconnectReason, ParticipantInfo_Kind } from '@livekit/protocol';
import { ofOurDays } from '@leadline/contracts/outside-time';
import { WebhookReceiver } from 'livekit-server-sdk';
import { wasAnswered } from './livekit.ts';

/** What a webhook says about one of our rooms. We drop the room object, because it holds a secret. */
export type LiveKitWebhook = {
  id: string;
  event: string;
  /** When LiveKit queued it, in whole seconds; null if that is no plausible time. */
  createdAt: Date | null;
  room: string | undefined;
  participant:
    | {
        identity: string;
        /** LiveKit’s own id of this stay in the room: who joins again has another. */
        sid: string;
        kind: 'sip' | 'agent' | 'other';
        callStatus: string;
        everAnswered: boolean;
        /** The protocol's name, e.g. `USER_REJECTED`. */
        disconnectReason: string;
      }
    | undefined;
};

/** A webhook with a wrong signature or checksum, or one that is too old. */
export class WebhookRefused extends Error {
  override name = 'WebhookRefused';
}

/**
 * Verifies webhooks with any of the given keys (two during a rotation). Pass the body as received: LiveKit's spacing
 * varies, and the signature covers the bytes.
 * @throws WebhookRefused
 */
export function openWebhookReceiver(keys: { apiKey: string; apiSecret: string }[]) {
  const receivers = keys.map((key) => new WebhookReceiver(key.apiKey, key.apiSecret));
  return async (body: string, authorization: string | undefined): Promise<LiveKitWebhook> => {
    for (const receiver of receivers) {
      const event = await receiver.receive(body, authorization).catch(() => undefined);
      if (event === undefined) continue;
      const { participant } = event;
      const callStatus = participant?.attributes['sip.callStatus'] ?? '';
      return {
        id: event.id,
        event: event.event,
        createdAt: ofOurDays(new Date(Number(event.createdAt) * 1_000)),
        room: event.room?.name,
        participant: participant && {
          identity: participant.identity,
          sid: participant.sid,
          kind: kindOf(participant.kind),
          callStatus,
          everAnswered: wasAnswered(callStatus, participant.attributes['sip.callTag']),
          disconnectReason: DisconnectReason[participant.disconnectReason] ?? 'UNKNOWN_REASON',
        },
      };
    }
    throw new WebhookRefused('The webhook is not signed by a key we know, or is too old.');
  };
}

function kindOf(kind: ParticipantInfo_Kind): 'sip' | 'agent' | 'other' {
  if (kind === ParticipantInfo_Kind.SIP) return 'sip';
  return kind === ParticipantInfo_Kind.AGENT ? 'agent' : 'other';
}
