import { RoomAgentDispatch } from '@livekit/protocol';
import { describe, test } from 'vitest';
import { startWorld, timeFactor, type World } from '../../conformance/conformance-world.ts';

const trunkId = 'ST_x';
const room = 'room-1';
const metadata = JSON.stringify({
  version: 1,
  room,
  phone: '+919000100100',
  callId: 1,
  leadId: 1,
  attempt: 1,
  mode: 'sarvam',
  name: 'Asha',
  products: [],
});
const ours = { agentName: 'leadline-agent', metadata };
const slowly = { timeout: 10_000, interval: 10 };
const whileMs = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms / timeFactor));

const start = async (worker: object): Promise<World> => {
  const world = await startWorld({ trunkId });
  await world.control('faults', { worker });
  return world;
};
const agents = async (world: World): Promise<string[]> =>
  (await world.rooms.listParticipants(room))
    .map(({ attributes }) => attributes['lk.agent_name'] ?? 'nameless')
    .toSorted();
const jobs = async (world: World): Promise<number> =>
  (await world.agents.listDispatch(room)).reduce((sum, { state }) => sum + (state?.jobs.length ?? 0), 0);

describe.concurrent('a worker', () => {
  test('full: takes nothing, also later; a further dispatch after it has room brings an agent', async ({ expect }) => {
    await using world = await start({ full: true });
    await world.agents.createDispatch(room, ours.agentName, { metadata });
    await world.control('faults', {});
    await whileMs(6_000);
    expect([await agents(world), await jobs(world)]).toEqual([[], 0]);
    await world.agents.createDispatch(room, ours.agentName, { metadata });
    await expect.poll(() => agents(world), slowly).toEqual([ours.agentName]);
  });

  test('slow: its agent comes after comesAfterMs and not before', async ({ expect }) => {
    await using world = await start({ comesAfterMs: 3_000 });
    const askedAt = performance.now();
    await world.agents.createDispatch(room, ours.agentName, { metadata });
    await expect.poll(() => agents(world), slowly).toEqual([ours.agentName]);
    expect(performance.now() - askedAt).toBeGreaterThanOrEqual(3_000 / timeFactor - 5);
  });

  test('a job is listed 5 s after it was taken, while its agent is in the room already', async ({ expect }) => {
    await using world = await start({});
    const askedAt = performance.now();
    await world.agents.createDispatch(room, ours.agentName, { metadata });
    await expect.poll(() => agents(world), slowly).toEqual([ours.agentName]);
    await expect.poll(() => jobs(world), slowly).toBe(1);
    expect(performance.now() - askedAt).toBeGreaterThanOrEqual(5_000 / timeFactor - 5);
  });

  test('unnamed: comes into a room made without agents and at each CreateDispatch', async ({ expect }) => {
    await using world = await start({ unnamed: true, full: true });
    await world.rooms.createRoom({ name: room });
    await expect.poll(() => agents(world), slowly).toEqual(['nameless']);
    await world.agents.createDispatch(room, ours.agentName, { metadata });
    await expect.poll(() => agents(world), slowly).toEqual(['nameless', 'nameless']);
  });

  test('unnamed: stays out of a room made with agents', async ({ expect }) => {
    await using world = await start({ unnamed: true });
    await world.rooms.createRoom({ name: room, agents: [new RoomAgentDispatch(ours)] });
    await whileMs(1_000);
    expect(await agents(world)).toEqual([ours.agentName]);
  });

  test('a second createRoom of a room that is there changes nothing', async ({ expect }) => {
    await using world = await start({});
    const first = await world.rooms.createRoom({
      name: room,
      emptyTimeout: 60,
      metadata: 'first',
      agents: [new RoomAgentDispatch(ours)],
    });
    await expect.poll(() => agents(world), slowly).toEqual([ours.agentName]);
    const other = new RoomAgentDispatch({ agentName: 'another', metadata });
    const second = await world.rooms.createRoom({ name: room, emptyTimeout: 9, metadata: 'second', agents: [other] });
    expect([second.sid, second.emptyTimeout, second.metadata]).toEqual([first.sid, 60, 'first']);
    await whileMs(1_000);
    expect(await agents(world)).toEqual([ours.agentName]);
    expect((await world.agents.listDispatch(room)).map(({ agentName }) => agentName)).toEqual([ours.agentName]);
  });
});

test('webhooks that waited 30 s behind a slow receiver are thrown away, and later ones come', async ({ expect }) => {
  let answerAfterMs = 35_000;
  await using world = await startWorld({
    trunkId,
    answerWebhook: async () => {
      await whileMs(answerAfterMs);
      return 200;
    },
  });
  const events = (): unknown[] => world.received.map(({ body }) => body['event']);
  await world.agents.createDispatch(room, ours.agentName, { metadata });
  await expect.poll(() => agents(world), slowly).toEqual([ours.agentName]);
  await expect.poll(events, slowly).toEqual(['room_started']);
  answerAfterMs = 0;
  await whileMs(36_000);
  await world.rooms.deleteRoom(room);
  await expect.poll(events, slowly).toEqual(['room_started', 'participant_left', 'room_finished']);
});
