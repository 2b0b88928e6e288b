import type { Participant, Room } from './room.ts';

const codecs = ['PCMU', 'PCMA', 'opus', 'red']
  .map((name) => `audio/${name}`)
  .concat(['VP8', 'H264', 'VP9', 'AV1', 'H265', 'rtx'].map((name) => `video/${name}`));
const turnPassword = 'simulated-turn-password';

/** A room in a webhook: camelCase, without zero values, 64-bit numbers as text. A real `turnPassword` is a secret. */
export function roomBody(room: Room): Record<string, unknown> {
  return {
    sid: room.sid,
    name: room.name,
    emptyTimeout: room.emptyTimeout,
    departureTimeout: room.departureTimeout,
    creationTime: String(Math.floor(room.createdMs / 1_000)),
    creationTimeMs: String(room.createdMs),
    turnPassword,
    enabledCodecs: codecs.map((mime) => ({ mime })),
    ...(room.metadata === '' ? {} : { metadata: room.metadata }),
  };
}

export function participantBody(participant: Participant): Record<string, unknown> {
  const agent = participant.kind === 'AGENT';
  return {
    sid: participant.sid,
    identity: participant.identity,
    state: participant.state,
    ...(participant.metadata === '' ? {} : { metadata: participant.metadata }),
    joinedAt: String(Math.floor(participant.joinedAtMs / 1_000)),
    joinedAtMs: String(participant.joinedAtMs),
    version: participant.version,
    permission: {
      canSubscribe: true,
      canPublish: true,
      canPublishData: true,
      ...(agent ? { agent: true } : { canUpdateMetadata: true }),
    },
    ...(participant.isPublisher ? { isPublisher: true } : {}),
    kind: participant.kind,
    ...(agent ? { clientProtocol: 2, capabilities: ['CAP_PACKET_TRAILER', 'CAP_COMPRESSION_DEFLATE_RAW'] } : {}),
    ...(agent ? {} : { attributes: { ...participant.attributes } }),
  };
}

export function trackBody(
  room: Room,
  participant: Participant,
  track: NonNullable<Participant['track']>,
): Record<string, unknown> {
  return {
    room: { sid: room.sid, name: room.name },
    participant: { sid: participant.sid, identity: participant.identity },
    track: {
      sid: track.sid,
      name: participant.identity,
      source: 'MICROPHONE',
      mimeType: 'audio/opus',
      mid: '0',
      codecs: [{ mimeType: 'audio/opus', mid: '0', cid: 'audio', videoLayerMode: 'ONE_SPATIAL_LAYER_PER_STREAM' }],
      stream: 'camera',
      version: { unixMicro: String(track.publishedMs * 1_000) },
      backupCodecPolicy: 'SIMULCAST',
    },
  };
}

/** A participant in ListParticipants: snake_case, with default values. */
export function toListed(participant: Participant): Record<string, unknown> {
  const agent = participant.kind === 'AGENT';
  return {
    sid: participant.sid,
    identity: participant.identity,
    state: participant.state,
    tracks: participant.track === undefined ? [] : [toListedTrack(participant, participant.track)],
    metadata: participant.metadata,
    joined_at: String(Math.floor(participant.joinedAtMs / 1_000)),
    joined_at_ms: String(participant.joinedAtMs),
    name: '',
    version: participant.version,
    permission: {
      can_subscribe: true,
      can_publish: true,
      can_publish_data: true,
      can_publish_sources: [],
      hidden: false,
      recorder: false,
      can_update_metadata: !agent,
      agent,
      can_subscribe_metrics: false,
      can_manage_agent_session: false,
    },
    region: '',
    is_publisher: participant.isPublisher,
    kind: participant.kind,
    attributes: { ...participant.attributes },
    disconnect_reason: 'UNKNOWN_REASON',
    kind_details: [],
    data_tracks: [],
    client_protocol: agent ? 2 : 0,
    capabilities: agent ? ['CAP_PACKET_TRAILER', 'CAP_COMPRESSION_DEFLATE_RAW'] : [],
  };
}

function toListedTrack(participant: Participant, track: NonNullable<Participant['track']>): Record<string, unknown> {
  return {
    sid: track.sid,
    type: 'AUDIO',
    name: participant.identity,
    muted: false,
    width: 0,
    height: 0,
    simulcast: false,
    disable_dtx: false,
    source: 'MICROPHONE',
    layers: [],
    mime_type: 'audio/opus',
    mid: '0',
    codecs: [
      {
        mime_type: 'audio/opus',
        mid: '0',
        cid: 'audio',
        layers: [],
        video_layer_mode: 'ONE_SPATIAL_LAYER_PER_STREAM',
        sdp_cid: '',
      },
    ],
    stereo: false,
    disable_red: false,
    encryption: 'NONE',
    stream: 'camera',
    version: { unix_micro: String(track.publishedMs * 1_000), ticks: 0 },
    audio_features: [],
    backup_codec_policy: 'SIMULCAST',
    packet_trailer_features: [],
  };
}

export function toListedRoom(room: Room): Record<string, unknown> {
  return {
    sid: room.sid,
    name: room.name,
    empty_timeout: room.emptyTimeout,
    departure_timeout: room.departureTimeout,
    max_participants: 0,
    creation_time: String(Math.floor(room.createdMs / 1_000)),
    creation_time_ms: String(room.createdMs),
    turn_password: turnPassword,
    enabled_codecs: codecs.map((mime) => ({ mime, fmtp_line: '' })),
    metadata: room.metadata,
    num_participants: room.participants.size,
    num_publishers: [...room.participants.values()].filter((participant) => participant.isPublisher).length,
    active_recording: false,
    version: null,
  };
}
