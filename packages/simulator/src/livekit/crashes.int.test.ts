import { ParticipantInfo_State } from '@livekit/protocol';
import { describe, test } from 'vitest';
import { startWorld, type World } from '../../conformance/conformance-world.ts';
import { toSdkError } from '../../conformance/replay.ts';
import { toComparable } from '../../conformance/to-comparable.ts';

const trunkId = 'ST_x';
const number = '+919000100100';
const room = 'room-1';
const identity = 'phone-1';

const dial = (world: World, more: { waitUntilAnswered?: boolean; ringingTimeout?: number } = {}) =>
  world.sip
    .createSipParticipant(trunkId, number, room, {
      participantIdentity: identity,
      waitUntilAnswered: true,
      timeout: 50,
      ringingTimeout: 75,
      ...more,
    })
    .then(
      () => 'answered',
      (error: unknown) => toSdkError(error),
    );
const rings = { callee: 'rings' };
const talksOn = { ringMs: 100, talkMs: null };
const start = async (callee: object): Promise<World> => {
  const world = await startWorld({ trunkId });
  await world.control('script', { number, outcomes: [callee] });
  return world;
};
const status = async (world: World): Promise<string | undefined> =>
  (await world.rooms.listParticipants(room)).find((participant) => participant.identity === identity)?.attributes[
    'sip.callStatus'
  ];
const events = (world: World): string[] => world.received.map(({ body }) => String(body['event']));
const last = (world: World): unknown => world.received.at(-1)?.body['event'];
const slowly = { timeout: 60_000, interval: 10 };

describe.concurrent('a crash does what was recorded of it', () => {
  test('bridge-killed: the phone rings on, the leg is missed late, and the dial later still', async ({ expect }) => {
    await using world = await start(rings);
    const dialling = dial(world);
    await expect.poll(() => status(world), slowly).toBe('ringing');
    await world.control('faults', { killBridge: { providerRingMs: 75_000 } });
    await expect.poll(() => events(world), slowly).toContain('participant_left');
    expect(world.received.find(({ body }) => body['event'] === 'participant_left')?.body).toMatchObject({
      participant: { disconnectReason: 'CONNECTION_TIMEOUT', attributes: { 'sip.callStatus': 'ringing' } },
    });
    expect(world.phone(number)).toEqual({ invite: 1, ringing: 1 });
    expect(await dial(world)).toMatchObject({ code: 'unavailable', status: 503 });
    await world.control('faults', {});
    await expect.poll(() => world.phone(number), slowly).toEqual({ invite: 1, ringing: 1, cancelled: 1 });
    expect(await dialling).toMatchObject({
      status: 408,
      code: 'deadline_exceeded',
      message: 'twirp error unknown: request timed out',
    });
  });

  test('server-killed: waiting dials are cut, and legs come back without having been dialled again', async ({
    expect,
  }) => {
    await using world = await start(rings);
    const dialling = dial(world, { ringingTimeout: 75 });
    await expect.poll(() => status(world), slowly).toBe('ringing');
    await expect.poll(() => events(world).length, slowly).toBe(3);
    await world.control('faults', { restartServer: { downMs: 3_000 } });
    expect(await dialling).toMatchObject({ class: 'TypeError', message: 'fetch failed' });
    await expect(world.rooms.listParticipants(room)).rejects.toThrow('fetch failed');
    await expect.poll(() => events(world).length, slowly).toBe(9);
    expect(events(world)).toEqual([
      'room_started',
      'participant_joined',
      'track_published',
      'room_started',
      'participant_joined',
      'track_published',
      'track_unpublished',
      'participant_left',
      'room_finished',
    ]);
    const inOrder: unknown = toComparable(world.received.map(({ body }) => body));
    expect(inOrder).toMatchObject([
      { room: { sid: '<RM 1>' } },
      { participant: { sid: '<PA 1>', attributes: { 'sip.callID': '<SCL 1>', 'sip.callStatus': 'dialing' } } },
      {},
      { room: { sid: '<RM 1>' } },
      { participant: { sid: '<PA 2>', attributes: { 'sip.callID': '<SCL 1>', 'sip.callStatus': 'dialing' } } },
      {},
      {},
      { participant: { disconnectReason: 'USER_UNAVAILABLE', attributes: { 'sip.callStatus': 'dialing' } } },
      {},
    ]);
    expect(world.phone(number)).toEqual({ invite: 1, ringing: 1, cancelled: 1 });
  });

  test('server-killed: a call that talks comes back as dialing, with the tag that only an answered one has', async ({
    expect,
  }) => {
    await using world = await start(talksOn);
    expect(await dial(world)).toBe('answered');
    await world.control('faults', { restartServer: { downMs: 1_000 } });
    await expect.poll(() => status(world).catch(() => undefined), slowly).toBe('dialing');
    const [leg] = await world.rooms.listParticipants(room);
    expect(leg?.attributes).toHaveProperty(['sip.callTag']);
    await world.rooms.removeParticipant(room, identity);
    await expect.poll(() => world.phone(number), slowly).toEqual({ invite: 1, ringing: 1, answered: 1, hangup: 1 });
  });

  test('server-killed-stop-before-rejoin: a stop is answered 503 and stops nothing', async ({ expect }) => {
    await using world = await start(talksOn);
    expect(await dial(world)).toBe('answered');
    await world.control('faults', { restartServer: { downMs: 0, rejoinMs: 60_000 } });
    const stopped = await world.rooms.deleteRoom(room).catch(toSdkError);
    expect(stopped).toMatchObject({ status: 503, message: 'twirp error unknown: no response from servers' });
    expect(world.phone(number)).toEqual({ invite: 1, ringing: 1, answered: 1 });
  });

  test('redis-lost: what talks can be neither seen nor stopped', async ({ expect }) => {
    await using world = await start(talksOn);
    expect(await dial(world)).toBe('answered');
    await world.control('faults', { loseRedis: true });
    expect(await world.rooms.listParticipants(room)).toEqual([]);
    expect(await world.rooms.deleteRoom(room).catch(toSdkError)).toMatchObject({ status: 404 });
    expect(await world.rooms.removeParticipant(room, identity).catch(toSdkError)).toMatchObject({ status: 404 });
    expect(await dial(world)).toMatchObject({ status: 404, message: 'requested sip trunk does not exist' });
    expect(world.phone(number)).toEqual({ invite: 1, ringing: 1, answered: 1 });
  });

  test('redis-away: a leg is replaced within a second, and its talk goes on', async ({ expect }) => {
    await using world = await start(talksOn);
    expect(await dial(world)).toBe('answered');
    await world.control('faults', { replaceLegs: true });
    await expect.poll(() => last(world), slowly).toBe('participant_joined');
    expect(await status(world)).toBe('dialing');
    expect(world.phone(number)).toEqual({ invite: 1, ringing: 1, answered: 1 });
  });

  test('ghost-leg: a leg that ended stays listed, can not be removed, and goes with the next dial', async ({
    expect,
  }) => {
    await using world = await start({ ringMs: 100, talkMs: 500 });
    await world.control('faults', { ghostLegs: true });
    expect(await dial(world)).toBe('answered');
    await expect.poll(() => world.phone(number), slowly).toMatchObject({ hangup: 1 });
    const [ghost] = await world.rooms.listParticipants(room);
    expect(ghost).toMatchObject({
      identity,
      state: ParticipantInfo_State.ACTIVE,
      attributes: { 'sip.callStatus': 'active' },
    });
    expect(await world.rooms.removeParticipant(room, identity).catch(toSdkError)).toMatchObject({ status: 503 });
    expect(await world.rooms.deleteRoom(room).catch(toSdkError)).toMatchObject({
      status: 500,
      message: 'could not find object',
    });
    await world.control('faults', {});
    await world.control('script', { number, outcomes: [{ ringMs: 100, talkMs: 100 }] });
    expect(await dial(world)).toBe('answered');
    await expect.poll(() => world.rooms.listParticipants(room), slowly).toEqual([]);
  });

  test('server-down-70s: the bridge ends the talk, and nobody is ever told', async ({ expect }) => {
    await using world = await start(talksOn);
    expect(await dial(world)).toBe('answered');
    await expect.poll(() => last(world), slowly).toBe('track_published');
    await world.control('faults', { restartServer: { downMs: 70_000 } });
    await expect.poll(() => world.phone(number), slowly).toMatchObject({ hangup: 1 });
    await expect.poll(() => status(world).catch(() => undefined), slowly).toBe('active');
    expect(last(world)).toBe('track_published');
  });
});

describe.concurrent('a fault of a single dial', () => {
  test('dropAfterDial: the connection is cut, and the phone rings', async ({ expect }) => {
    await using world = await start(talksOn);
    await world.control('faults', { dropAfterDial: true });
    expect(await dial(world)).toMatchObject({ class: 'TypeError', message: 'fetch failed' });
    await expect.poll(() => world.phone(number), slowly).toMatchObject({ answered: 1 });
  });

  test('resetAfterAccept: the connection is cut, and nothing is dialled', async ({ expect }) => {
    await using world = await start(talksOn);
    await world.control('faults', { resetAfterAccept: true });
    expect(await dial(world)).toMatchObject({ class: 'TypeError', message: 'fetch failed' });
    await world.control('faults', {});
    expect(await dial(world)).toBe('answered');
    expect(world.phone(number)).toMatchObject({ invite: 1 });
  });

  test.for([
    { status: 429, code: 'resource_exhausted' },
    { status: 403, code: 'permission_denied' },
    { status: 408, code: 'deadline_exceeded' },
    { status: 500, code: 'unknown' },
    { status: 503, code: 'unavailable' },
    { status: 502, code: undefined },
  ])('refuseDials: $status, though the phone rings', async ({ status: asked, code }, { expect }) => {
    await using world = await start(talksOn);
    await world.control('faults', { refuseDials: { status: asked, rings: true } });
    expect(await dial(world)).toMatchObject({ status: asked, ...(code === undefined ? {} : { code }) });
    await expect.poll(() => world.phone(number), slowly).toMatchObject({ answered: 1 });
  });

  test('answerLate: the answer comes after the talk has begun, and even after its end', async ({ expect }) => {
    await using world = await start({ ringMs: 100, talkMs: 100 });
    await world.control('faults', { answerLate: { ms: 5_000 } });
    expect(await dial(world)).toBe('answered');
    expect(world.phone(number)).toEqual({ invite: 1, ringing: 1, answered: 1, hangup: 1 });
  });

  test.for([200, 404])('stopsDoNothing: %i, and the talk goes on', async (asked, { expect }) => {
    await using world = await start(talksOn);
    expect(await dial(world)).toBe('answered');
    await world.control('faults', { stopsDoNothing: { status: asked } });
    const stopped = await world.rooms.deleteRoom(room).then(
      () => 200,
      () => 404,
    );
    expect(stopped).toBe(asked);
    expect(await status(world)).toBe('active');
  });

  test('the same seed befalls the same rooms, about as many as its share says', async ({ expect }) => {
    const befallen = async (seed: number): Promise<string> => {
      await using world = await startWorld({ trunkId });
      await world.control('faults', { seed, refuseDials: { status: 429, share: 0.5 } });
      const dials = Array.from({ length: 40 }, (_, place) =>
        world.sip.createSipParticipant(trunkId, number, `room-${place}`, { ringingTimeout: 5 }).then(
          () => '.',
          () => 'x',
        ),
      );
      return (await Promise.all(dials)).join('');
    };
    const first = await befallen(1);
    expect(await befallen(1)).toBe(first);
    expect(await befallen(2)).not.toBe(first);
    expect(first).toContain('x');
    expect(first).toContain('.');
  });

  test('webhooks.shuffleMs: all of them come, and not in their order', async ({ expect }) => {
    await using world = await startWorld({ trunkId });
    await world.control('faults', { seed: 4, webhooks: { shuffleMs: 10_000 } });
    await world.control('script', { number, outcomes: [{ ringMs: 100, talkMs: 100 }] });
    await dial(world);
    await expect.poll(() => events(world).length, slowly).toBe(6);
    const inOrder = ['room_started', 'participant_joined', 'track_published', 'track_unpublished'];
    expect(events(world).toSorted()).toEqual([...inOrder, 'participant_left', 'room_finished'].toSorted());
    expect(events(world)).not.toEqual([...inOrder, 'participant_left', 'room_finished']);
  });
});
