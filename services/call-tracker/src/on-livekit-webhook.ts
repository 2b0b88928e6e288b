import { databaseNow } from '@leadline/database/locks';
import { legIdentity } from '@leadline/telephony/livekit';
import { WebhookRefused, type LiveKitWebhook } from '@leadline/telephony/webhook-receiver';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { CallEvent } from './call-state.ts';
import type { Deps } from './deps.ts';
import { trackRoom } from './track-call.ts';

type Receive = (body: string, authorization: string | undefined) => Promise<LiveKitWebhook>;

/**
 * `POST /webhooks/livekit`. LiveKit repeats a webhook on 5xx for about 15 s and then drops it. So we answer quickly, and with
 * 5xx for a fault of ours. Webhooks only speed things up: the sweep settles calls without them.
 */
export function liveKitWebhooks(receive: Receive, deps: Deps): Hono {
  const app = new Hono();
  app.post('/webhooks/livekit', bodyLimit({ maxSize: 1024 * 1024 }), async (c) => {
    let webhook: LiveKitWebhook;
    try {
      webhook = await receive(await c.req.text(), c.req.header('authorization'));
    } catch (error) {
      if (!(error instanceof WebhookRefused)) throw error;
      deps.metrics.inputs.inc({ kind: 'webhook', outcome: 'refused' });
      deps.webhooks.refusedAt = new Date();
      return c.json({ title: 'The signature does not hold', status: 401 }, 401);
    }
    deps.webhooks.lastAt = new Date();
    deps.metrics.webhooks.inc();
    const at = webhook.createdAt ?? deps.now(await databaseNow(deps.postgres.sql));
    if (webhook.createdAt === null) deps.metrics.outsideTimes.inc({ from: 'livekit' });
    const event = toCallEvent(webhook, at);
    if (event === undefined || webhook.room === undefined) {
      deps.metrics.inputs.inc({ kind: 'webhook', outcome: 'ignored' });
    } else if ((await trackRoom(webhook.room, event, deps)) === 'unknown') {
      deps.metrics.inputs.inc({ kind: event.kind, outcome: 'unknown_room' });
    }
    return c.body(null, 200);
  });
  return app;
}

/** The call's event in a webhook; most webhooks have none. */
function toCallEvent(webhook: LiveKitWebhook, at: Date): CallEvent | undefined {
  const { participant } = webhook;
  const isLeg = participant?.kind === 'sip' && participant.identity === legIdentity(webhook.room ?? '');
  switch (webhook.event) {
    case 'participant_joined':
      return isLeg
        ? { kind: 'leg_joined', at, sid: participant.sid, everAnswered: participant.everAnswered }
        : undefined;
    case 'participant_left':
      if (participant?.kind === 'agent') return { kind: 'agent_left', at };
      if (!isLeg) return undefined;
      return {
        kind: 'leg_left',
        at,
        sid: participant.sid,
        reason: participant.disconnectReason,
        callStatus: participant.callStatus,
        everAnswered: participant.everAnswered,
      };
    case 'room_finished':
      return { kind: 'room_finished', at };
    default:
      return undefined;
  }
}
