import { participantBody, roomBody, trackBody } from './room-bodies.ts';
import type { Participant, DisconnectReason, DispatchRequest, Dispatch, Room } from './room.ts';
import { sid } from './sid.ts';
import type { Webhooks } from './webhooks.ts';

export type RoomSettings = {
  emptyTimeout?: number | undefined;
  departureTimeout?: number | undefined;
  metadata?: string | undefined;
};

export type Rooms = ReturnType<typeof openRooms>;

/** Keeps rooms and their participants, and sends the webhooks of a real server for each change. */
export function openRooms(options: {
  webhooks: Webhooks;
  timeFactor: number;
  /** A room was made without agents, so workers without a name get it. */
  madeForAnybody: (room: string) => void;
}) {
  const rooms = new Map<string, Room>();
  const { webhooks } = options;

  let isAway = false;

  const send = (event: string, room: Room, more: Record<string, unknown> = {}): void => {
    if (room.isServed) webhooks.send(room.name, { event, room: roomBody(room), ...more });
  };
  const tellTrack = (event: string, room: Room, participant: Participant): void => {
    if (participant.track === undefined || !room.isServed) return;
    webhooks.send(room.name, { event, ...trackBody(room, participant, participant.track) });
  };

  /** Ends the room some time after the last phone left, or if nobody joined. */
  const closeLater = (room: Room, seconds: number): void => {
    clearTimeout(room.closing);
    room.closing = setTimeout(() => end(room, 'ROOM_CLOSED'), (seconds * 1_000) / options.timeFactor);
    room.closing.unref();
  };

  const end = (room: Room, reason: 'ROOM_CLOSED' | 'ROOM_DELETED'): void => {
    clearTimeout(room.closing);
    room.isOpen = false;
    if (rooms.get(room.name) === room) rooms.delete(room.name);
    // Agents leave first when a room is deleted, as recorded.
    const byKind = [...room.participants.values()].toSorted((a) => (a.kind === 'AGENT' ? -1 : 1));
    for (const participant of byKind) {
      leave(room, participant, reason);
      participant.removed(reason);
    }
    send('room_finished', room);
  };

  const leave = (room: Room, participant: Participant, reason: DisconnectReason): void => {
    if (participant.state === 'DISCONNECTED') return;
    if (!room.isServed) {
      participant.isGhost = true;
      return;
    }
    participant.state = 'DISCONNECTED';
    participant.version++;
    tellTrack('track_unpublished', room, participant);
    participant.track = undefined;
    if (room.participants.get(participant.identity) === participant) room.participants.delete(participant.identity);
    send('participant_left', room, { participant: { ...participantBody(participant), disconnectReason: reason } });
    room.phoneHasLeft ||= participant.kind === 'SIP';
    const phoneIsHere = [...room.participants.values()].some((other) => other.kind === 'SIP');
    // Agents do not keep a room open, but the last of them to leave restarts its timer.
    if (room.phoneHasLeft && !phoneIsHere && room.isOpen) closeLater(room, room.departureTimeout);
  };

  const serve = (room: Room): void => {
    room.isServed = true;
    send('room_started', room);
  };

  return {
    find: (name: string): Room | undefined => rooms.get(name),
    all: (): Room[] => [...rooms.values()],

    /**
     * Returns the room of this name, creating it if needed. A room that is created without agents of its own dispatches
     * any nameless one.
     */
    ensure(name: string, given: RoomSettings = {}, agents: DispatchRequest[] = []): Room {
      const known = rooms.get(name);
      if (known !== undefined) return known;
      const room: Room = {
        sid: sid('RM'),
        name,
        createdMs: Date.now(),
        emptyTimeout: given.emptyTimeout ?? 300,
        departureTimeout: given.departureTimeout ?? 20,
        metadata: given.metadata ?? '',
        participants: new Map(),
        dispatches: agents.length === 0 ? [toDispatch(name, { agentName: '', metadata: '' })] : [],
        phoneHasLeft: false,
        isOpen: true,
        isServed: !isAway,
        closing: undefined,
      };
      rooms.set(name, room);
      send('room_started', room);
      closeLater(room, room.emptyTimeout);
      if (agents.length === 0) options.madeForAnybody(name);
      return room;
    },

    dispatch(room: Room, given: DispatchRequest): Dispatch {
      const dispatch = toDispatch(room.name, given);
      room.dispatches.push(dispatch);
      return dispatch;
    },

    join(
      room: Room,
      given: Pick<Participant, 'identity' | 'kind' | 'attributes' | 'removed'> &
        Partial<Pick<Participant, 'attributesToRejoin'>>,
    ): Participant {
      const before = room.participants.get(given.identity);
      if (!room.isServed && !isAway) serve(room);
      // The new participant replaces a ghost.
      if (before !== undefined && !before.isGhost) {
        leave(room, before, 'DUPLICATE_IDENTITY');
        before.removed('DUPLICATE_IDENTITY');
      }
      const participant: Participant = {
        attributesToRejoin: () => given.attributes,
        ...given,
        isGhost: false,
        sid: sid('PA'),
        state: 'ACTIVE',
        joinedAtMs: Date.now(),
        version: 2,
        isPublisher: false,
        metadata: '',
        track: undefined,
      };
      room.participants.set(participant.identity, participant);
      if (participant.kind === 'SIP') clearTimeout(room.closing);
      send('participant_joined', room, { participant: participantBody(participant) });
      return participant;
    },

    publish(room: Room, participant: Participant): void {
      if (participant.state !== 'ACTIVE' || !room.isServed) return;
      participant.isPublisher = true;
      participant.version++;
      participant.track = { sid: sid('TR'), publishedMs: Date.now() };
      tellTrack('track_published', room, participant);
    },

    /** Changes attributes, and drops empty ones, as every update does. */
    update(
      room: Room,
      participant: Participant,
      changes: { attributes?: Record<string, string>; metadata?: string },
    ): void {
      if (participant.state !== 'ACTIVE' || participant.isGhost || !room.isServed) return;
      const attributes = Object.entries({ ...participant.attributes, ...changes.attributes });
      participant.attributes = Object.fromEntries(attributes.filter(([, value]) => value !== ''));
      participant.metadata = changes.metadata ?? participant.metadata;
      participant.version++;
    },

    leave,
    /** Redis lost everything: no room can be found, but participants stay in them. */
    forget: (): void => rooms.clear(),
    /** The server died. */
    suspend(): void {
      isAway = true;
      for (const room of rooms.values()) {
        clearTimeout(room.closing);
        room.isServed = false;
      }
    },
    /** The server is back, and so are the remaining participants: in the same rooms, as new participants. */
    resume(): void {
      isAway = false;
      for (const room of rooms.values()) {
        const present = [...room.participants.values()].filter((participant) => !participant.isGhost);
        if (room.isServed || present.length === 0) continue;
        serve(room);
        for (const participant of present) {
          Object.assign(participant, toNextStay(participant));
          send('participant_joined', room, { participant: participantBody(participant) });
          if (participant.track !== undefined) participant.track = { sid: sid('TR'), publishedMs: Date.now() };
          tellTrack('track_published', room, participant);
        }
        if (!present.some((participant) => participant.kind === 'SIP')) closeLater(room, room.departureTimeout);
      }
    },
    /** The bridge joins anew while its legs are still listed: LiveKit replaces each, and nothing of the talk ends. */
    replaceLegs(): void {
      for (const room of rooms.values()) {
        for (const participant of room.participants.values()) {
          if (participant.kind !== 'SIP' || participant.isGhost || !room.isServed) continue;
          const left = { ...participantBody(participant), disconnectReason: 'DUPLICATE_IDENTITY' };
          send('participant_left', room, { participant: left });
          Object.assign(participant, toNextStay(participant));
          send('participant_joined', room, { participant: participantBody(participant) });
        }
      }
    },
    /** deleteRoom: removes all participants, and the room at once. */
    remove: (room: Room): void => end(room, 'ROOM_DELETED'),
    stop(): void {
      for (const room of rooms.values()) clearTimeout(room.closing);
    },
  };
}

/** What changes where a participant joins again: it has the attributes of its first joining, and another id. */
function toNextStay(participant: Participant) {
  return { sid: sid('PA'), joinedAtMs: Date.now(), version: 2, attributes: participant.attributesToRejoin() };
}

function toDispatch(room: string, { agentName, metadata }: DispatchRequest): Dispatch {
  return { id: sid('AD'), room, agentName, metadata, createdMs: Date.now() };
}
