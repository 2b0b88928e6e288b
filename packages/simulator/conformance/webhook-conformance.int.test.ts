import { decodeJwt } from 'jose';
import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, test } from 'vitest';
import { key, startWorld, timeFactor } from './conformance-world.ts';
import { readDeliveries } from './recording.ts';

const recorded = readDeliveries();
const plain = recorded.filter(({ receiverAnswers }) => typeof receiverAnswers === 'number');

describe.concurrent('a webhook is delivered as it was recorded', () => {
  test.for(plain)(
    'to a receiver that answers $receiverAnswers',
    async ({ receiverAnswers, deliveries }, { expect }) => {
      let answer = Number(receiverAnswers);
      await using world = await startWorld({ trunkId: 'ST_x', answerWebhook: () => answer });
      const startedAt = performance.now();
      await world.rooms.createRoom({ name: 'room' });
      await expect.poll(() => world.received.length, { timeout: 60_000 }).toBe(deliveries.length);
      // What comes next of the room shows that it gave up, or had no reason to go on.
      answer = 200;
      await world.rooms.deleteRoom('room');
      await expect.poll(() => world.received.at(-1)?.body['event'], { timeout: 60_000 }).toBe('room_finished');

      const tried = world.received.slice(0, -1);
      expect(tried.map(({ body }) => body['event'])).toEqual(deliveries.map(({ event }) => event));
      expect(new Set(tried.map(({ text }) => text)).size).toBe(1);
      const early = tried.filter(({ atMs }, place) => {
        const was = deliveries[place]?.atMs ?? 0;
        return was >= 1_000 && (atMs - startedAt) * timeFactor < was * 0.99 - 100;
      });
      expect(early).toEqual([]);
    },
  );

  test('with the headers and claims that a receiver can check', async ({ expect }) => {
    await using world = await startWorld({ trunkId: 'ST_x' });
    await world.rooms.createRoom({ name: 'room' });
    await expect.poll(() => world.received.length).toBe(1);
    const [webhook] = world.received;
    const [{ headers = {}, jwtClaims = {} } = {}] = recorded;
    expect(world.unsigned).toEqual([]);
    expect(webhook?.headers).toMatchObject({
      'content-type': headers['content-type'],
      'user-agent': headers['user-agent'],
    });
    // Not a Bearer: the token alone, as recorded.
    const claims = decodeJwt(webhook?.headers.authorization ?? '');
    expect(Object.keys(claims).toSorted()).toEqual(Object.keys(jwtClaims).toSorted());
    expect(claims).toMatchObject({
      iss: key.apiKey,
      sha256: createHash('sha256')
        .update(webhook?.text ?? '')
        .digest('base64'),
    });
    expect(Number(claims.exp) - Number(claims.nbf)).toBe(Number(jwtClaims['exp']) - Number(jwtClaims['nbf']));
  });

  test('after the one before it of the same room, however slow its receiver', async ({ expect }) => {
    const slow = recorded.find(({ receiverAnswers }) => typeof receiverAnswers === 'string');
    const answered: number[] = [];
    await using world = await startWorld({
      trunkId: 'ST_x',
      answerWebhook: async () => {
        await wait(3_000 / timeFactor);
        return answered.push(performance.now()) && 200;
      },
    });
    await world.rooms.createRoom({ name: 'room' });
    await world.rooms.deleteRoom('room');
    await expect.poll(() => answered.length, { timeout: 60_000 }).toBe(slow?.deliveries.length);
    expect(world.received.map(({ body }) => body['event'])).toEqual(slow?.deliveries.map(({ event }) => event));
    expect(world.received[1]?.atMs).toBeGreaterThan(answered[0] ?? Infinity);
  });
});
