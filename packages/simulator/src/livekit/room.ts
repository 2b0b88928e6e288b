export type Participant = {
  sid: string;
  identity: string;
  kind: 'SIP' | 'AGENT';
  state: 'ACTIVE' | 'DISCONNECTED';
  joinedAtMs: number;
  version: number;
  isPublisher: boolean;
  metadata: string;
  attributes: Record<string, string>;
  track: { sid: string; publishedMs: number } | undefined;
  /** What it comes back with after the server was away: not what was told of it since it came. */
  attributesToRejoin: () => Record<string, string>;
  /** Its end was never told: it is stored and listed, and nobody holds it. */
  isGhost: boolean;
  /** Called when somebody else ends it: removal, the room's end, another with its identity. */
  removed: (reason: DisconnectReason) => void;
};

export type DisconnectReason =
  | 'CLIENT_INITIATED'
  | 'DUPLICATE_IDENTITY'
  | 'PARTICIPANT_REMOVED'
  | 'ROOM_DELETED'
  | 'ROOM_CLOSED'
  | 'USER_UNAVAILABLE'
  | 'USER_REJECTED'
  | 'CONNECTION_TIMEOUT';

export type DispatchRequest = { agentName: string; metadata: string };
export type Dispatch = DispatchRequest & { id: string; room: string; createdMs: number };

export type Room = {
  sid: string;
  name: string;
  createdMs: number;
  emptyTimeout: number;
  departureTimeout: number;
  metadata: string;
  participants: Map<string, Participant>;
  dispatches: Dispatch[];
  phoneHasLeft: boolean;
  isOpen: boolean;
  /** False from the server's death until its people are back: it is stored, and nobody answers for it. */
  isServed: boolean;
  closing: NodeJS.Timeout | undefined;
};
