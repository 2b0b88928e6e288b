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
  /** Its attributes when it rejoins after the server was away: without the changes since it first joined. */
  attributesToRejoin: () => Record<string, string>;
  /** Nobody reported its end: the server still stores and lists it, but it is gone. */
  isGhost: boolean;
  /** Called when somebody else ends it: by removal, the room's end, or another participant with its identity. */
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
export type Dispatch = DispatchRequest & {
  id: string;
  room: string;
  createdMs: number;
  /** When a worker took the job. */
  taken?: { jobId: string; atMs: number };
};

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
  /** False from the server's death until its participants are back: the room is stored, but nobody serves it. */
  isServed: boolean;
  closing: NodeJS.Timeout | undefined;
};
