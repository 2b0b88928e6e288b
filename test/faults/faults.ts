import { diallingState, startDialling, stopDialling, type DiallingState } from '@leadline/contracts/commands/dialling';
import { ask } from '@leadline/messaging/ask';
import { setTimeout as wait } from 'node:timers/promises';
import type { Direction, LinkFault } from '@leadline/servers/link';
import type { Random } from './random.ts';
import { isReadyWithin } from './wait-for-services.ts';
import type { ServiceName, World } from './world.ts';

/** Injects, waits, heals. What it says goes into the run's record, beside the time. */
export type Fault = {
  name: string;
  exposures: string;
  /** An invariant looks at what it did, or nothing else tries the same protection: it comes in each run. */
  checked?: true;
  run(world: World, random: Random, note: Note): Promise<void>;
};
type Note = (what: string) => void;

const longestLockMs = 12_000;
const secondsMs = (random: Random, from: number, to: number): number => random.between(from * 1_000, to * 1_000);

const faultsOfServices = (names: readonly ServiceName[]): Fault[] => [
  ...names.map((name): Fault => ({
    name: `kill ${name}`,
    exposures: 'kill -9 of a service',
    async run(world) {
      world.services.get(name)?.kill();
    },
  })),
  ...names.map((name): Fault => ({
    name: `freeze ${name}`,
    exposures: 'SIGSTOP of a service',
    async run(world, random) {
      const service = world.services.get(name);
      service?.freeze();
      // Longer than the token, the leeway, and every lease and lock.
      await wait(random.between(longestLockMs, longestLockMs + 4_000));
      service?.thaw();
    },
  })),
];

const serverFaults: Fault[] = [
  {
    name: 'kill nats-server',
    exposures: 'kill -9 of nats-server',
    run: (world) => world.natsServer.kill(),
  },
  {
    name: 'kill Postgres',
    exposures: 'kill -9 of Postgres',
    run: (world) => world.postgres.kill(),
  },
  {
    name: 'freeze nats-server',
    exposures: 'SIGSTOP of nats-server',
    async run(world, random) {
      world.natsServer.freeze();
      // Longer than a token and its leeway, and than a permit waits for it.
      await wait(secondsMs(random, 7, 9));
      world.natsServer.thaw();
    },
  },
  {
    name: 'freeze Postgres',
    exposures: 'SIGSTOP of Postgres',
    async run(world, random) {
      world.postgres.freeze();
      await wait(secondsMs(random, 7, 9));
      world.postgres.thaw();
    },
  },
  {
    name: 'freeze LiveKit',
    exposures: 'SIGSTOP of LiveKit',
    async run(world, random) {
      world.simulator.freeze();
      await wait(secondsMs(random, 2, 4));
      world.simulator.thaw();
    },
  },
];

const linkFaults: Record<string, (random: Random) => LinkFault> = {
  refuse: () => ({ kind: 'refuse' }),
  reset: () => ({ kind: 'reset' }),
  blackhole: () => ({ kind: 'blackhole' }),
  'one way': (random) => ({ kind: 'one_way', lost: random.pick<Direction>(['toServer', 'toClient']) }),
  latency: (random) => ({ kind: 'latency', ms: random.between(100, 700) }),
  trickle: () => ({ kind: 'trickle', bytes: 512, eachMs: 20 }),
};
const partitions: Fault[] = Object.entries(linkFaults).map(([kind, draw]) => ({
  name: `partition: ${kind}`,
  exposures: `partition: ${kind}`,
  async run(world, random, note) {
    const link = random.pick([...world.links.values()]);
    note(link.name);
    link.suffer(draw(random));
    await wait(secondsMs(random, 3, 7));
    link.heal();
  },
}));

const noNats: Fault = {
  name: 'partition: NATS is gone for everybody',
  exposures: 'partition: NATS is gone for everybody',
  checked: true,
  async run(world, random) {
    const links = [...world.links.values()].filter(({ name }) => name.endsWith('-nats'));
    for (const link of links) link.suffer({ kind: 'gone' });
    // Longer than a client tries that gives up after ten times.
    await wait(secondsMs(random, 10, 12));
    for (const link of links) link.heal();
  },
};

/** Nobody decides meanwhile: calls are pushed whose leads are still open, and enquiries join them. */
const frozenDispatchers: Fault = {
  name: 'freeze both dispatchers',
  exposures: 'SIGSTOP of both dispatchers',
  checked: true,
  async run(world, random) {
    const both = (['dispatcher-1', 'dispatcher-2'] as const).flatMap((name) => world.services.get(name) ?? []);
    for (const dispatcher of both) dispatcher.freeze();
    await wait(secondsMs(random, 6, 8));
    for (const dispatcher of both) dispatcher.thaw();
  },
};

/** A fault of the far systems that the simulator plays. They take turns: each sets all of them. */
const far = (name: string, faults: Record<string, unknown>, seconds: [number, number] = [2, 5]): Fault => ({
  name,
  exposures: name,
  async run(world, random) {
    await world.control('/faults', { seed: Math.floor(random.between(0, 1e6)), ...faults });
    await wait(secondsMs(random, ...seconds));
    await world.control('/faults', {});
  },
});
const farFaults: Fault[] = [
  far('LiveKit without its bridge', { noBridge: true }),
  far('LiveKit without its trunk', { noTrunk: true }, [1, 2]),
  far('LiveKit without Redis', { noRedis: true }, [1, 3]),
  far('LiveKit answers never', { hang: true }),
  far('LiveKit takes a dial and drops the connection', { dropAfterDial: true }),
  far('LiveKit takes a dial and resets the connection', { resetAfterAccept: { share: 0.5 } }),
  far('LiveKit answers late', { answerLate: { ms: 4_000, share: 0.5 } }, [3, 6]),
  ...([403, 412, 429, 500, 503] as const).map((status) =>
    far(`LiveKit refuses dials with ${status}`, { refuseDials: { status, share: 0.5 } }, [1, 3]),
  ),
  ...([408, 502, 504] as const).map((status) =>
    far(`LiveKit says ${status}, and the phone rings`, { refuseDials: { status, rings: true, share: 0.4 } }),
  ),
  far('a stop is answered 200 and ends nothing', { stopsDoNothing: { status: 200, share: 0.7 } }, [3, 6]),
  far('a stop is answered 404 and ends nothing', { stopsDoNothing: { status: 404, share: 0.7 } }, [3, 6]),
  far('ghost legs', { ghostLegs: { share: 0.4 } }),
  far('the bridge is killed', { killBridge: { providerRingMs: 3_500 } }, [1, 3]),
  far('the LiveKit server is restarted', { restartServer: { downMs: 2_000 } }, [4, 6]),
  { ...far('Redis is away, and legs are replaced', { replaceLegs: true }, [1, 3]), checked: true },
  far('Redis is lost', { loseRedis: true }, [1, 3]),
  far('the worker is full', { worker: { full: true } }, [2, 4]),
  far('the worker is slow', { worker: { comesAfterMs: 4_000 } }, [3, 5]),
  far('a nameless worker, and ours is full now and then', { worker: { unnamed: true, full: { share: 0.3 } } }, [2, 4]),
  far('webhooks lost', { webhooks: { drop: true } }),
  far('webhooks out of order', { webhooks: { shuffleMs: 1_500 } }),
  far('some webhooks lost, some doubled', { webhooks: { drop: { share: 0.2 }, double: { share: 0.3 } } }),
  far('webhooks doubled', { webhooks: { double: true } }),
  far('webhooks late', { webhooks: { delayMs: 2_500 } }, [3, 5]),
  far('CRM 500', { crm: { status: 500 } }),
  far('CRM 429 with Retry-After', { crm: { status: 429, retryAfterSeconds: 2 } }),
  far('CRM slow', { crm: { slowMs: 5_000 } }),
  far('CRM creates and drops the connection', { crm: { dropAfterCreate: true } }),
  far('CRM says 200 and fails', { crm: { falseSuccess: true } }),
];

const clock: Fault = {
  name: 'clock jump',
  exposures: 'clock jump',
  async run(world, random, note) {
    const ms = Math.round(random.between(-2_000, 2_000));
    note(`${ms} ms`);
    world.shiftClock(ms);
    await wait(secondsMs(random, 2, 4));
    world.shiftClock(0);
  },
};

/** After `stopped` no phone starts to ring; the check reads when from the record. */
const stopSwitch: Fault = {
  name: 'stop switch',
  exposures: 'stop switch',
  checked: true,
  async run(world, random, note) {
    const by = { who: 'fault campaign', reason: 'to see that it holds' };
    const orSilent = (asking: Promise<DiallingState>): Promise<DiallingState | undefined> =>
      asking.catch(() => undefined);
    let answer = await orSilent(ask(world.ops, stopDialling, by, 3_000));
    for (let looks = 0; answer?.state !== 'stopped' && looks < 30; looks++) {
      await wait(300);
      answer = await orSilent(ask(world.ops, diallingState, {}, 3_000));
    }
    if (answer?.state === 'stopped') {
      note('stopped');
      await wait(secondsMs(random, 1, 2));
      note('starting');
    }
    while ((await orSilent(ask(world.ops, startDialling, by, 3_000)))?.state !== 'running') await wait(300);
  },
};

const rollingDeploy: Fault = {
  name: 'rolling deploy',
  exposures: 'SIGTERM of each service',
  checked: true,
  async run(world, _random, note) {
    for (const [name, service] of world.services) {
      // One that just starts, or was frozen, is no part of a deploy.
      if (!(await isReadyWithin(world, name, 15_000))) continue;
      const ended = await service.terminate();
      if (ended !== undefined) note(`${service.name} ended ${ended.exit} after ${Math.round(ended.tookMs)} ms`);
      await wait(1_000);
    }
  },
};

/** A crash point like the others, though no link shows when a service comes there. */
export const killedWhileDraining: Fault = {
  name: 'kill during drain',
  exposures: 'crash point: during drain',
  async run(world, random, note) {
    const service = random.pick([...world.services.values()]);
    note(service.name);
    void service.terminate();
    await wait(random.between(50, 600));
    service.kill();
  },
};

/** All there are, for a world of these services. */
export const faultsOf = (names: readonly ServiceName[]): readonly Fault[] => [
  ...faultsOfServices(names),
  ...serverFaults,
  ...partitions,
  noNats,
  frozenDispatchers,
  ...farFaults,
  clock,
  stopSwitch,
  rollingDeploy,
  killedWhileDraining,
];
