import { ParticipantInfo_Kind, ParticipantInfo_State, RoomAgentDispatch } from '@livekit/protocol';
import {
  AccessToken,
  AgentDispatchClient,
  RoomServiceClient,
  ServerError,
  SipCallError,
  SipClient,
} from 'livekit-server-sdk';
import { toDialResult, type DialError, type DialResult } from './to-dial-result.ts';
import type { TrunkPhrase } from './trunk-phrases.ts';

/**
 * What LiveKit shows of a room now. Absence proves nothing about the past; after a Redis loss, not even about the
 * present.
 */
export type Look = {
  /** The phone leg by its `sip.callStatus`; undefined if LiveKit does not show it. */
  leg: { status: string; everAnswered: boolean } | undefined;
  /** Our own agent is in the room: LiveKit says that it was sent there under our agent’s name. */
  agentPresent: boolean;
  /** An agent is in the room whose name LiveKit does not tell, as servers do that know no `lk.agent_name`. It may be ours. */
  namelessAgentPresent?: boolean;
  /** Agents of workers that have no name, by their identities: LiveKit sends them to rooms unasked. */
  uninvited?: string[];
};

export type DialRequest = {
  token: string;
  trunkId: string;
  number: string;
  callerId: string | undefined;
  room: string;
  ringSeconds: number;
  /** LiveKit counts from the dial, with the ringing. */
  maxCallSeconds: number;
  /** What the trunk's words mean, where somebody has learnt it. */
  trunkPhrases: readonly TrunkPhrase[];
};

/** How long a dial's token lives; LiveKit adds some leeway. */
export const dialTokenSeconds = 5;

/** LiveKit writes the name of an agent’s worker there, an empty one too (server 1.13.5). */
const agentNameAttribute = 'lk.agent_name';

export type LiveKit = ReturnType<typeof openLiveKit>;

/** The phone leg's identity in a room. A room has one, derived from its name. */
export function legIdentity(room: string): string {
  return `phone-${room}`;
}

/**
 * Our only way to LiveKit, over the real SDK with `failover: false` (against Cloud hosts the SDK would post a dial
 * three times). It throws the SDK's errors; log them only through `liveKitFault`, because a 401's text holds the whole
 * token.
 */
export function openLiveKit(options: { url: string; apiKey: string; apiSecret: string; agentName: string }) {
  const { url, apiKey, apiSecret, agentName } = options;
  const rooms = new RoomServiceClient(url, apiKey, apiSecret, { failover: false });
  const agents = new AgentDispatchClient(url, apiKey, apiSecret, { failover: false });
  const http = url.replace(/^ws/, 'http');

  return {
    /**
     * Makes the room with our agent sent to it. That keeps workers without a name out, which LiveKit sends to every other
     * room. Once a room: LiveKit ignores what a second request for one that is there says. Success does not mean that an agent comes.
     */
    async makeRoomWithAgent(room: string, metadata: string): Promise<void> {
      await rooms.createRoom({ name: room, agents: [new RoomAgentDispatch({ agentName, metadata })] });
    },

    async look(room: string): Promise<Look> {
      const participants = await rooms.listParticipants(room);
      const leg = participants.find(
        (participant) => participant.kind === ParticipantInfo_Kind.SIP && participant.identity === legIdentity(room),
      );
      const present = participants.filter(
        ({ kind, state }) => kind === ParticipantInfo_Kind.AGENT && state === ParticipantInfo_State.ACTIVE,
      );
      const names = present.map(({ attributes }) => attributes[agentNameAttribute]);
      const status = leg?.attributes['sip.callStatus'] ?? 'dialing';
      return {
        leg: leg && { status, everAnswered: wasAnswered(status, leg.attributes['sip.callTag']) },
        agentPresent: names.includes(agentName),
        namelessAgentPresent: names.includes(undefined),
        uninvited: present.filter((_, place) => names[place] === '').map(({ identity }) => identity),
      };
    },

    /** What the first agent that was sent to this room was told; undefined where LiveKit has forgotten it. */
    async readJob(room: string): Promise<string | undefined> {
      const dispatches = await agents.listDispatch(room);
      return dispatches.find((dispatch) => dispatch.agentName === agentName && dispatch.metadata !== '')?.metadata;
    },

    /**
     * Sends a further agent to a room that is there. Agents that are still listed are taken out of it before, so that no two
     * talk to the person at a time. Success does not mean that an agent comes.
     */
    async replaceAgent(room: string, metadata: string): Promise<void> {
      const participants = await rooms.listParticipants(room);
      const lost = participants.filter(({ kind }) => kind === ParticipantInfo_Kind.AGENT);
      await Promise.all(lost.map(({ identity }) => this.takeOut(room, identity)));
      await agents.createDispatch(room, agentName, { metadata });
    },

    /** Takes a participant out of the room; one that has left is no error. */
    async takeOut(room: string, identity: string): Promise<void> {
      await rooms.removeParticipant(room, identity).catch((error: unknown) => {
        if (!(error instanceof ServerError) || error.code !== 'not_found') throw error;
      });
    },

    /** Whether the server knows this outbound trunk. Throws the SDK's errors. */
    async hasTrunk(trunkId: string): Promise<boolean> {
      const sip = new SipClient(url, apiKey, apiSecret, { failover: false });
      const trunks = await sip.listSipOutboundTrunk({ trunkIds: [trunkId] });
      return trunks.some((trunk) => trunk.sipTrunkId === trunkId);
    },

    /** Ends every leg of the room. Neither a 200 nor a 404 proves that the phone is silent: look again. */
    async endRoom(room: string): Promise<void> {
      await rooms.deleteRoom(room);
    },

    /** Signs a token for one dial, before we ask for the permit. */
    async signDialToken(): Promise<string> {
      const token = new AccessToken(apiKey, apiSecret, { ttl: dialTokenSeconds });
      token.addSIPGrant({ call: true });
      return token.toJwt();
    },

    /**
     * Dials once and waits until the callee answers or refuses, or the ring limit passes. Never throws: anything that
     * we can't interpret is `unknown`, and then nobody may dial again.
     */
    async dial(request: DialRequest): Promise<DialResult> {
      const client = new SipClient(url, apiKey, apiSecret, { failover: false, token: request.token });
      const identity = legIdentity(request.room);
      const startedAt = performance.now();
      try {
        const leg = await client.createSipParticipant(request.trunkId, request.number, request.room, {
          participantIdentity: identity,
          participantAttributes: { 'leadline.room': request.room },
          headers: { 'X-Leadline-Room': request.room },
          ringingTimeout: request.ringSeconds,
          maxCallDuration: request.maxCallSeconds,
          waitUntilAnswered: true,
          timeout: request.ringSeconds + 15,
          hidePhoneNumber: true,
          ...(request.callerId === undefined ? {} : { fromNumber: request.callerId }),
        });
        // A success that names no call proves nothing, so nobody may dial again.
        return leg.sipCallId === ''
          ? { kind: 'unknown', because: 'answer_without_call' }
          : { kind: 'answered', sipCallId: leg.sipCallId };
      } catch (error) {
        const { ringSeconds, trunkPhrases } = request;
        const elapsedMs = performance.now() - startedAt;
        const result = toDialResult(dialError(error), elapsedMs, ringSeconds * 1_000, trunkPhrases);
        if (result.kind !== 'not_dialled' || result.because !== 'room_not_joined') return result;
        // The loser of two dials with one identity gets the same answer while the other dial rings.
        const look = await this.look(request.room).catch(() => undefined);
        return look !== undefined && look.leg === undefined ? result : { kind: 'unknown', because: 'room_not_joined' };
      }
    },

    /** Asks the server whether it is the simulator. Throws when the server can't be reached. */
    async isSimulator(): Promise<boolean> {
      const response = await fetch(new URL('/', http), { signal: AbortSignal.timeout(2_000) });
      await response.arrayBuffer();
      return response.headers.get('x-leadline-simulator') !== null;
    },
  };
}

/**
 * Whether the callee ever answered: the status alone forgets it when the bridge rejoins, but the callee's tag does not.
 */
export function wasAnswered(callStatus: string, callTag: string | undefined): boolean {
  return ['active', 'automation', 'hangup'].includes(callStatus) || (callTag ?? '') !== '';
}

function dialError(error: unknown): DialError {
  if (error instanceof ServerError) {
    return {
      kind: 'server',
      status: error.status,
      code: error.code,
      text: error.message,
      sipStatus: error instanceof SipCallError ? error.sipStatusCode : undefined,
      ...(error instanceof SipCallError && error.sipStatus !== undefined ? { phrase: error.sipStatus } : {}),
    };
  }
  if (error instanceof DOMException && error.name === 'TimeoutError') return { kind: 'timeout' };
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
  return { kind: 'network', code };
}

/**
 * Whether LiveKit refuses this request's content, such as metadata above its limit: LiveKit, our key and the connection
 * work, and it would accept another request. 413 comes from a proxy in between.
 */
export function isRefusedRequest(error: unknown): boolean {
  if (!(error instanceof ServerError)) return false;
  return ['invalid_argument', 'malformed', 'out_of_range'].includes(error.code ?? '') || error.status === 413;
}

/** The loggable parts of an SDK error: never its text. */
export function liveKitFault(error: unknown): { fault: string; code?: string; status?: number } {
  if (error instanceof ServerError) {
    return {
      fault: error.constructor.name,
      status: error.status,
      ...(error.code === undefined ? {} : { code: error.code }),
    };
  }
  const known = dialError(error);
  if (known.kind === 'network' && known.code !== undefined) return { fault: 'network', code: known.code };
  return { fault: error instanceof Error ? error.name : typeof error };
}

/** The fault in words for a person, with what to do. */
export function toFaultWords(error: unknown): string {
  const { fault, status, code } = liveKitFault(error);
  if (status === 401 || status === 403) return 'refuses the key: check LIVEKIT_API_KEY and LIVEKIT_API_SECRET';
  const what = [fault, status, code].filter((part) => part !== undefined).join(' ');
  return `is not reached (${what}): check LIVEKIT_URL and the way there`;
}
