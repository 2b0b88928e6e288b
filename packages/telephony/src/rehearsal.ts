import { ParticipantInfo_Kind, ParticipantInfo_State, RoomAgentDispatch } from '@livekit/protocol';
import { AccessToken, AgentDispatchClient, RoomServiceClient, ServerError } from 'livekit-server-sdk';
import { legIdentity } from './livekit.ts';

/** An agent in a room; `name` is the worker's own, empty if it has none. */
export type AgentInRoom = { identity: string; name: string; isActive: boolean };

/** So many rooms are looked at for an agent. */
const mostRooms = 50;

export type Rehearsal = ReturnType<typeof openRehearsal>;

/**
 * Calls without a telephone on a real LiveKit: rooms with a dispatched agent, and a token for a program that stands in
 * for the phone leg. Nobody is rung. Throws the SDK's errors; show them only through `toFaultWords`.
 */
export function openRehearsal(options: { url: string; apiKey: string; apiSecret: string }) {
  const { url, apiKey, apiSecret } = options;
  const rooms = new RoomServiceClient(url, apiKey, apiSecret, { failover: false });
  const dispatches = new AgentDispatchClient(url, apiKey, apiSecret, { failover: false });

  return {
    url: url.replace(/^http/, 'ws'),

    /** Makes the room, with the agent of that name if one is given. */
    async open(room: string, agent?: { name: string; metadata: string }): Promise<void> {
      const agents =
        agent === undefined
          ? []
          : [new RoomAgentDispatch({ agentName: agent.name, metadata: agent.metadata, deployment: '' })];
      // An empty room of a check that died is gone soon. By itself it outlives its phone for longer than a check waits: an agent
      // that does not leave is seen.
      await rooms.createRoom({ name: room, agents, emptyTimeout: 60, departureTimeout: 60 });
    },

    /** The agents that LiveKit shows now. */
    async agents(room: string): Promise<AgentInRoom[]> {
      const participants = await rooms.listParticipants(room).catch(unlessGone([]));
      return participants
        .filter(({ kind }) => kind === ParticipantInfo_Kind.AGENT)
        .map(({ identity, attributes, state }) => ({
          identity,
          name: attributes['lk.agent_name'] ?? '',
          isActive: state === ParticipantInfo_State.ACTIVE,
        }));
    },

    /** Whether LiveKit says that a worker of this name took its job in the room, which it does up to 5 s later. */
    async isJobTaken(room: string, agentName: string): Promise<boolean> {
      const all = await dispatches.listDispatch(room).catch(unlessGone([]));
      return all.some((dispatch) => dispatch.agentName === agentName && (dispatch.state?.jobs.length ?? 0) > 0);
    },

    /** In how many rooms beside this one an agent of that name is now, as far as we look. */
    async countRoomsWith(agentName: string, beside: string): Promise<number> {
      const others = (await rooms.listRooms()).filter(({ name }) => name !== beside).slice(0, mostRooms);
      const agents = await Promise.all(others.map(({ name }) => this.agents(name)));
      return agents.filter((present) => present.some(({ name }) => name === agentName)).length;
    },

    /** A token for the stand-in of the phone leg: LiveKit shows it as one of its SIP bridge. */
    async phoneToken(room: string, attributes: Record<string, string>): Promise<string> {
      const token = new AccessToken(apiKey, apiSecret, { identity: legIdentity(room), ttl: 600, attributes });
      token.kind = 'sip';
      token.addGrant({ roomJoin: true, room, canUpdateOwnMetadata: true });
      return token.toJwt();
    },

    /** Changes the phone leg's attributes, as the bridge does. */
    async setPhone(room: string, attributes: Record<string, string>): Promise<void> {
      await rooms.updateParticipant(room, legIdentity(room), { attributes });
    },

    /** Ends the room with everybody in it. */
    async close(room: string): Promise<void> {
      await rooms.deleteRoom(room).catch(unlessGone(undefined));
    },
  };
}

function unlessGone<T>(gone: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof ServerError && error.code === 'not_found') return gone;
    throw error;
  };
}
