import { services } from '@leadline/contracts/services';
import { bench, faults, human, test as testTimings, withTimings } from '@leadline/world/timings';
import { toSettings, type Member, type Place } from '@leadline/world/to-settings';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { expect, test } from 'vitest';
import { schemas } from '../../deploy/settings/every-setting.ts';

const members: readonly Member[] = ['simulator', ...services.map(({ key }) => key)];
const timings = { human, test: testTimings, faults, bench };
const keys = {
  apiKey: 'a-key-of-the-website',
  opsKey: 'a-key-of-the-operators',
  agentKey: 'a-key-of-the-agents',
  liveKitKey: 'key',
  liveKitSecret: 'secret',
  crmKey: 'key',
  trunkId: 'ST_world',
};

const placeOf = (chosen: Place['timings']): Place => ({
  servers: {
    databaseUrl: 'postgres://127.0.0.1/leadline',
    nats: { url: 'nats://127.0.0.1', user: 'user', pass: 'pass' },
  },
  simulator: { url: 'http://127.0.0.1:7880' },
  port: 8_080,
  adminPort: 9_090,
  keys,
  timings: chosen,
  outside: { webhookUrl: 'http://127.0.0.1:8081/webhooks/livekit', phoneLog: 'phone.jsonl', crmLog: 'crm.jsonl' },
  dashboard: {
    ingestUrl: 'http://127.0.0.1:8080',
    ops: { user: 'ops', pass: 'pass' },
    firstUsers: 'viewer:viewer:a-long-password',
  },
});

const names: Record<Member, string> = {
  simulator: 'simulator',
  ingest: 'ingest',
  dispatcher: 'dispatcher',
  callTracker: 'call-tracker',
  crmPusher: 'crm-pusher',
  dashboard: 'dashboard',
};

test.for(members.flatMap((member) => Object.keys(timings).map((speed) => ({ member, speed }))))(
  'what $member is told at the speed "$speed" are settings of its own, and it can run with them',
  ({ member, speed }) => {
    const schema = schemas[names[member]];
    const settings = toSettings(member, placeOf(timings[speed as keyof typeof timings]));
    expect(Object.keys(settings).filter((name) => schema?.shape[name] === undefined)).toEqual([]);
    expect(schema?.safeParse(settings)).toMatchObject({ success: true });
  },
);

test('what is told over other timings wins, name by name', () => {
  const over = withTimings(testTimings, { dispatcher: { CALLS_PER_SECOND: '7' }, ingest: { DEDUPE_DAYS: '3' } });
  expect(over.dispatcher).toEqual({ ...testTimings.dispatcher, CALLS_PER_SECOND: '7' });
  expect(over.ingest).toEqual({ DEDUPE_DAYS: '3' });
  expect(over.calls).toEqual(testTimings.calls);
});

test('compose and the dev overlay go at the speed for people', () => {
  const root = join(import.meta.dirname, '../..');
  const read = (file: string) => parseEnv(readFileSync(join(root, file), 'utf8'));
  expect(read('deploy/.env')).toMatchObject({ ...human.dispatcher, ...human.callTracker, ...human.dashboard });
  const overlay = 'deploy/kubernetes/overlays/dev/settings';
  expect(read(`${overlay}/dispatcher.env`)).toMatchObject(human.dispatcher ?? {});
  expect(read(`${overlay}/call-tracker.env`)).toMatchObject(human.callTracker ?? {});
});
