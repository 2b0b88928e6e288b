import { Hono, type Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { sid } from './sid.ts';
import { z } from 'zod';
import type { Dialled, DialRequest } from './bridge.ts';
import { socketOf } from '../cut-connection.ts';
import { chance, type HeldFaults } from '../faults.ts';
import type { OddAnswers } from '../odd-answers.ts';
import { refuseDial } from './refuse-dial.ts';
import { toListed, toListedRoom } from './room-bodies.ts';
import type { Dispatch, DispatchRequest, Room } from './room.ts';
import type { Rooms, RoomSettings } from './rooms.ts';
import { dialBody, toDialRequest } from './to-dial-request.ts';
import { authenticate, denied, TwirpError, type Claims } from './twirp.ts';
import { setTimeout as wait } from 'node:timers/promises';

/** A real server's default `limits.max_metadata_size`; since June 2026 it also applies to dispatches. */
const maxMetadataBytes = 512 * 1024;
const roomOnly = z.object({ room: z.string().default('') });
const roomAndIdentity = z.object({ room: z.string().default(''), identity: z.string().default('') });
const dispatchBody = z.object({
  room: z.string(),
  agentName: z.string().default(''),
  metadata: z.string().default(''),
});
const oneDispatch = z.object({ room: z.string().default(''), dispatchId: z.string().default('') });
const createRoomBody = z.object({
  name: z.string(),
  emptyTimeout: z.number().optional(),
  departureTimeout: z.number().optional(),
  metadata: z.string().optional(),
  agents: z.array(z.object({ agentName: z.string().default(''), metadata: z.string().default('') })).default([]),
});

/**
 * Simulates the parts of LiveKit's Twirp API that a caller of phones uses, with a real server's grants, errors and
 * bodies.
 */
export function liveKitApp(options: {
  apiKey: string;
  apiSecret: string;
  trunkIds: string[];
  timeFactor: number;
  leewaySeconds: number;
  rooms: Rooms;
  dial: (request: DialRequest) => Promise<Dialled>;
  dispatched: (dispatch: Dispatch) => void;
  /** CreateDispatch into a room that was there. */
  dispatchedExplicitly: (room: string) => void;
  faults: () => HeldFaults;
  odd: OddAnswers;
}): Hono {
  const { rooms, faults } = options;
  const app = new Hono();
  const noParticipant = (): TwirpError =>
    new TwirpError('not_found', 'twirp error unknown: participant does not exist');
  const noResponse = (): TwirpError => new TwirpError('unavailable', 'twirp error unknown: no response from servers');
  const noRoom = (): TwirpError => new TwirpError('not_found', 'twirp error unknown: requested room does not exist');

  const nobodyAnswers = async (): Promise<never> => {
    await wait(3_000 / options.timeFactor);
    throw noResponse();
  };
  const stopsNothing = (room: string, notFound: () => TwirpError): boolean => {
    const { seed, stopsDoNothing } = faults();
    if (stopsDoNothing === undefined || chance(seed, 'stopsDoNothing', room) >= stopsDoNothing.share) return false;
    if (stopsDoNothing.status === 404) throw notFound();
    return true;
  };

  /** Adds one API method: its grant, its body, its work. */
  const method = <Body>(
    path: string,
    grant: (claims: Claims, body: Body) => boolean,
    schema: z.ZodType<Body>,
    work: (body: Body, c: Context) => Record<string, unknown> | Promise<Record<string, unknown>>,
  ): void => {
    app.post(`/twirp/livekit.${path}`, async (c) => {
      const claims = await authenticate(c.req.header('authorization'), options);
      if (claims instanceof Response) return claims;
      const body = schema.safeParse(await c.req.json().catch(() => undefined));
      if (!body.success) return new TwirpError('malformed', 'the json request could not be decoded').toResponse();
      if (!grant(claims, body.data)) return denied();
      const odd = options.odd.next(path.split('/').at(-1) ?? '', JSON.stringify(body.data));
      if (odd !== undefined) return odd.response;
      if (faults().noRedis) {
        await wait(500 / options.timeFactor);
        return new TwirpError('unknown', 'dial tcp 127.0.0.1:6379: connect: connection refused').toResponse();
      }
      return answer(c, () => work(body.data, c));
    });
  };

  const answer = async (
    c: Context,
    work: () => Record<string, unknown> | Promise<Record<string, unknown>>,
  ): Promise<Response> => {
    try {
      const body = await work();
      if (faults().hang) await new Promise<void>(() => undefined);
      return c.json(body);
    } catch (error) {
      if (error instanceof TwirpError) return error.toResponse();
      if (error instanceof HTTPException) return error.getResponse();
      throw error;
    }
  };

  const admin = (claims: Claims, body: { room: string }): boolean =>
    claims.video?.roomAdmin === true && claims.video.room === body.room;

  const dispatch = (room: Room, given: DispatchRequest): Dispatch => {
    const made = rooms.dispatch(room, given);
    options.dispatched(made);
    return made;
  };
  const trunks = new Map(
    options.trunkIds.map((id) => [
      id,
      {
        sip_trunk_id: id,
        name: 'simulated',
        address: 'sip.simulated.invalid',
        numbers: [] as string[],
        auth_username: '',
      },
    ]),
  );
  const knownTrunks = () => (faults().noTrunk || faults().loseRedis ? [] : [...trunks.values()]);

  const listed = (of: Dispatch) => toListedDispatch(of, Date.now() - jobListedAfterMs / options.timeFactor);

  const makeRoom = (name: string, given: RoomSettings, agents: DispatchRequest[]): Room => {
    const room = rooms.ensure(name, given, agents);
    for (const agent of agents) dispatch(room, agent);
    return room;
  };

  method(
    'SIP/CreateSIPParticipant',
    (claims) => claims.sip?.call === true,
    dialBody,
    async (body, c) => {
      const { seed, ...held } = faults();
      const befalls = (fault: string, share: number | undefined): boolean =>
        chance(seed, fault, body.roomName) < (share ?? 0);
      if (befalls('resetAfterAccept', held.resetAfterAccept)) {
        socketOf(c).destroy();
        return {};
      }
      const request = toDialRequest(
        body,
        knownTrunks().map(({ sip_trunk_id: id }) => id),
      );
      if (held.noBridge || held.killBridge !== undefined) {
        await wait(1_000 / options.timeFactor);
        throw noResponse();
      }
      if (held.refuseDials !== undefined && befalls('refuseDials', held.refuseDials.share)) {
        // Nobody learns the outcome of the phone that rings all the same.
        if (held.refuseDials.rings) options.dial(request).catch(() => undefined);
        throw refuseDial(held.refuseDials.status);
      }
      const dialling = options.dial(request);
      if (befalls('dropAfterDial', held.dropAfterDial)) socketOf(c).destroy();
      if (befalls('answerLate', held.answerLate?.share)) {
        await Promise.allSettled([dialling]);
        await wait((held.answerLate?.ms ?? 0) / options.timeFactor);
      }
      const dialled = await dialling;
      return {
        participant_id: dialled.participantId,
        participant_identity: dialled.identity,
        room_name: dialled.room,
        sip_call_id: dialled.sipCallId,
      };
    },
  );

  method(
    'SIP/ListSIPOutboundTrunk',
    (claims) => claims.sip?.admin === true,
    z.object({ trunkIds: z.array(z.string()).default([]) }),
    ({ trunkIds }) => ({
      items: knownTrunks().filter(({ sip_trunk_id: id }) => trunkIds.length === 0 || trunkIds.includes(id)),
    }),
  );
  method(
    'SIP/CreateSIPOutboundTrunk',
    (claims) => claims.sip?.admin === true,
    z.object({
      trunk: z.object({
        name: z.string().default(''),
        address: z.string(),
        numbers: z.array(z.string()).default([]),
        authUsername: z.string().default(''),
      }),
    }),
    ({ trunk: { authUsername, ...given } }) => {
      const made = { sip_trunk_id: sid('ST'), ...given, auth_username: authUsername };
      trunks.set(made.sip_trunk_id, made);
      return made;
    },
  );
  method(
    'SIP/DeleteSIPTrunk',
    (claims) => claims.sip?.admin === true,
    z.object({ sipTrunkId: z.string() }),
    ({ sipTrunkId }) => {
      const found = trunks.get(sipTrunkId);
      if (found === undefined)
        throw new TwirpError('not_found', 'twirp error unknown: requested sip trunk does not exist');
      trunks.delete(sipTrunkId);
      return { sip_trunk_id: sipTrunkId, name: found.name };
    },
  );

  method(
    'RoomService/CreateRoom',
    (claims) => claims.video?.roomCreate === true,
    createRoomBody,
    ({ name, agents, ...given }) => {
      for (const { metadata } of agents) refuseLongMetadata(metadata);
      const room = rooms.find(name) ?? makeRoom(name, given, agents);
      return toListedRoom(room);
    },
  );
  method(
    'RoomService/ListRooms',
    (claims) => claims.video?.roomList === true,
    z.object({ names: z.array(z.string()).default([]) }),
    (body) => ({
      rooms: rooms
        .all()
        .filter((room) => body.names.length === 0 || body.names.includes(room.name))
        .map(toListedRoom),
    }),
  );
  method(
    'RoomService/DeleteRoom',
    (claims) => claims.video?.roomCreate === true,
    roomOnly,
    (body) => {
      const room = rooms.find(body.room);
      if (room === undefined) throw noRoom();
      if (stopsNothing(room.name, noRoom)) return {};
      if ([...room.participants.values()].some((participant) => participant.isGhost)) {
        throw new TwirpError('unknown', 'could not find object');
      }
      if (!room.isServed) return nobodyAnswers();
      rooms.remove(room);
      return {};
    },
  );
  method('RoomService/ListParticipants', admin, roomOnly, (body) => ({
    participants: [...(rooms.find(body.room)?.participants.values() ?? [])].map(toListed),
  }));
  method('RoomService/GetParticipant', admin, roomAndIdentity, (body) => {
    const participant = rooms.find(body.room)?.participants.get(body.identity);
    if (participant === undefined) throw noParticipant();
    return toListed(participant);
  });
  method('RoomService/RemoveParticipant', admin, roomAndIdentity, (body) => {
    const room = rooms.find(body.room);
    const participant = room?.participants.get(body.identity);
    if (room === undefined || participant === undefined) throw noParticipant();
    if (stopsNothing(room.name, noParticipant)) return {};
    if (participant.isGhost || !room.isServed) return nobodyAnswers();
    rooms.leave(room, participant, 'PARTICIPANT_REMOVED');
    participant.removed('PARTICIPANT_REMOVED');
    return {};
  });

  method(
    'RoomService/UpdateRoomMetadata',
    admin,
    z.object({ room: z.string().default(''), metadata: z.string().default('') }),
    (body) => {
      const room = rooms.find(body.room);
      if (room === undefined) throw noRoom();
      room.metadata = body.metadata;
      return toListedRoom(room);
    },
  );
  method(
    'RoomService/UpdateParticipant',
    admin,
    roomAndIdentity.extend({
      metadata: z.string().default(''),
      attributes: z.record(z.string(), z.string()).default({}),
    }),
    (body) => {
      const room = rooms.find(body.room);
      const participant = room?.participants.get(body.identity);
      if (room === undefined || participant === undefined) throw noParticipant();
      const { metadata, attributes } = body;
      rooms.update(room, participant, { attributes, ...(metadata === '' ? {} : { metadata }) });
      return toListed(participant);
    },
  );

  method('AgentDispatchService/CreateDispatch', admin, dispatchBody, (body) => {
    refuseLongMetadata(body.metadata);
    const known = rooms.find(body.room);
    const made = dispatch(known ?? makeRoom(body.room, {}, []), body);
    if (known !== undefined) options.dispatchedExplicitly(body.room);
    return listed(made);
  });
  method('AgentDispatchService/ListDispatch', admin, oneDispatch, async (body) => {
    const room = rooms.find(body.room);
    if (room === undefined) return nobodyAnswers();
    const asked = room.dispatches.filter((candidate) => body.dispatchId === '' || body.dispatchId === candidate.id);
    return { agent_dispatches: asked.map(listed) };
  });
  method('AgentDispatchService/DeleteDispatch', admin, oneDispatch, (body) => {
    const dispatches = rooms.find(body.room)?.dispatches ?? [];
    const place = dispatches.findIndex((candidate) => candidate.id === body.dispatchId);
    const [deleted] = place === -1 ? [] : dispatches.splice(place, 1);
    if (deleted === undefined) throw new TwirpError('not_found', 'twirp error unknown: dispatch ID not found');
    return listed(deleted);
  });

  app.post('/twirp/*', (c) =>
    new TwirpError('bad_route', `no handler for path "${c.req.path}"`, {
      twirp_invalid_route: `POST ${c.req.path}`,
    }).toResponse(),
  );
  return app;
}

function refuseLongMetadata(metadata: string): void {
  if (Buffer.byteLength(metadata) > maxMetadataBytes)
    throw new TwirpError('invalid_argument', 'twirp error unknown: metadata size exceeds limits');
}

/** A job is listed only some time after a worker took it, while its agent may be in the room for long. */
const jobListedAfterMs = 5_000;

/** Where no worker took the job, because there is none or it is full, `jobs` stays empty: nothing tells these apart. */
function toListedDispatch(dispatch: Dispatch, takenUntilMs: number): Record<string, unknown> {
  const { taken } = dispatch;
  const isListed = taken !== undefined && taken.atMs <= takenUntilMs;
  return {
    id: dispatch.id,
    agent_name: dispatch.agentName,
    room: dispatch.room,
    metadata: dispatch.metadata,
    state: {
      jobs: isListed ? [toListedJob(dispatch, taken.jobId)] : [],
      created_at: `${dispatch.createdMs}000000`,
      deleted_at: '0',
    },
    restart_policy: 'JRP_ON_FAILURE',
    deployment: '',
    attributes: {},
  };
}

function toListedJob({ id, agentName, metadata }: Dispatch, jobId: string): Record<string, unknown> {
  return {
    id: jobId,
    dispatch_id: id,
    type: 'JT_ROOM',
    agent_name: agentName,
    metadata,
    state: { status: 'JS_RUNNING' },
  };
}

export const liveKitWords = {
  errorRow: { code: 'internal', msg: 'simulated fault' },
  errorText: 'upstream connect error or disconnect before headers',
  notYet: { status: 503, json: { code: 'unavailable', msg: 'twirp error unknown: no response from servers' } },
  refused: {
    status: 400,
    json: { code: 'invalid_argument', msg: 'twirp error unknown: metadata size exceeds limits' },
  },
  conflict: { code: 'already_exists', msg: 'twirp error unknown: already exists' },
};
