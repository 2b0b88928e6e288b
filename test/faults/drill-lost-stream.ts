import { provision } from '@leadline/messaging/provision';
import type { StreamName } from '@leadline/messaging/topology';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { roomsWithAnswers } from './check-events.ts';
import type { Drill } from './drills.ts';
import type { Violation } from './invariants.ts';
import { readStream } from './ledgers.ts';
import type { World } from './world.ts';

/** Longer than it takes to see that it is gone, and shorter than a report's grace. */
const goneMs = 3_000;
/** So long before it is lost nobody consumes: what waits is lost with it. */
const unreadMs = 2_000;
const unread = 'reports that were stored and that nobody had read';

/** Each stream's disk fails in its turn, with messages that nobody has read yet, and `setup` makes the stream again. */
export const lostStreamDrill: Drill = {
  key: 'lost-stream',
  name: 'streams of one replica are lost, each in its turn, and made again',
  invariants: ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I9', 'I11', 'I12', 'I13'],
  async run({ world, campaign, leads, feed, note, random }) {
    const feeding = feed(leads, 3);
    const calmMs = (leads / 3 / 5) * 1_000;
    for (const stream of random.shuffle<StreamName>(['LEADS', 'CALLS', 'AGENT', 'ADVISORIES'])) {
      await wait(calmMs - unreadMs);
      await letTimePass(world);
      const readers = readersOf(world);
      for (const reader of readers) reader.freeze();
      await wait(unreadMs);
      if (stream === 'AGENT') {
        const details = [...(await readUnread(world))];
        campaign.record.push({ at: Date.now(), until: Date.now(), what: unread, details });
      }
      await world.natsServer.down();
      rmSync(join(world.folder, 'nats/jetstream/jetstream/LEADLINE/streams', stream), { recursive: true });
      await world.natsServer.up();
      for (const reader of readers) reader.thaw();
      note(`${stream} is lost`);
      await wait(goneMs);
      await provision(world.provisioner);
      note(`${stream} is made again`);
    }
    await feeding;
  },

  /** Nobody of ours has the lost reports: each has come again, or people are told of its call. */
  judge({ world, record }, { calls }) {
    const lost = new Set(record.find(({ what }) => what === unread)?.details);
    const log = readFileSync(world.services.get('call-tracker')?.logFile ?? '', 'utf8');
    const told = log.split('\n').filter((line) => line.includes('was lost and made again'));
    const violations: Violation[] = calls
      .filter(({ call_room, qualification }) => lost.has(call_room) && Object.keys(qualification ?? {}).length === 0)
      .filter(({ call_room }) => !told.some((line) => line.includes(call_room)))
      .map(({ call_room, lead_id }) => ({ what: `${call_room} lost its report, and nobody says so`, leadId: lead_id }));
    if (lost.size === 0) violations.push({ what: 'no report was lost: the readers were not behind' });
    return Promise.resolve({ I5: violations });
  },
};

/** All that consume; ingest and the dispatchers, which publish most, go on. */
function readersOf({ services }: World) {
  return (['call-tracker', 'crm-pusher', 'dashboard'] as const).flatMap((name) => services.get(name) ?? []);
}

/** What was published some seconds ago is some hours old: of that a relay is sure that it is in its stream. */
async function letTimePass(world: World): Promise<void> {
  for (const outbox of ['ingest_outbox', 'dispatcher_outbox', 'call_tracker_outbox', 'crm_pusher_outbox'])
    await world.query(
      `update ${outbox} set published_at = published_at - interval '3 hours'
        where published_at < clock_timestamp() - interval '5 seconds'`,
    );
}

/** The rooms whose answers are stored, and not handled. */
async function readUnread(world: World): Promise<Set<string>> {
  const manager = await world.provisioner.connection.jetstreamManager({ checkAPI: false });
  const { ack_floor } = await manager.consumers.info('AGENT', 'call-tracker-agent');
  const waiting = (await readStream(world, 'AGENT')).filter(({ seq }) => seq > ack_floor.stream_seq);
  return roomsWithAnswers(waiting);
}
