import type { Health } from '@leadline/contracts/commands/health';
import { expect, test } from 'vitest';
import type { ServiceName } from '@leadline/contracts/services';
import type { AskedHealth } from './ask-health.ts';
import { judgeServices } from './judge-services.ts';

const at = '2026-11-24T10:00:00.000Z';
const times = { askedAt: new Date(at), answeredAt: new Date('2026-11-24T10:00:00.300Z') };

function told(service: ServiceName, over: Partial<Health> = {}): AskedHealth {
  const outbox = { waiting: 0, oldestSeconds: 0, failed: 0 };
  const health: Health = {
    parts: { database: true },
    far: {},
    settings: {},
    outbox,
    serviceTime: at,
    databaseTime: at,
    ...over,
  };
  return { service, health };
}

test.for([
  [
    'it stands',
    told('ingest'),
    [
      ['ingest', 'good'],
      ['clocks', 'good'],
    ],
  ],
  ['it is silent', { service: 'ingest', silent: 'no service answers ops.ingest.health' }, [['ingest', 'bad']]],
  [
    'its database is gone',
    told('ingest', { parts: { database: 'no answer within 2 s', streams: true }, outbox: null, databaseTime: null }),
    [['ingest: database', 'bad']],
  ],
  [
    'a far system refuses the key',
    told('crm-pusher', { far: { crm: 'refuses the key (http_401): check CRM_API_KEY' } }),
    [
      ['crm-pusher', 'good'],
      ['crm-pusher: crm', 'bad'],
      ['clocks', 'good'],
    ],
  ],
  [
    'a far system is reached',
    told('dispatcher', { far: { livekit: true } }),
    [
      ['dispatcher', 'good'],
      ['dispatcher: livekit', 'good'],
      ['clocks', 'good'],
    ],
  ],
  [
    'events wait and were refused',
    told('ingest', { outbox: { waiting: 3, oldestSeconds: 61, failed: 2 } }),
    [
      ['ingest', 'good'],
      ['ingest: outbox', 'bad'],
      ['ingest: outbox', 'bad'],
      ['clocks', 'good'],
    ],
  ],
  [
    'its clock is apart from the database’s',
    told('ingest', { serviceTime: '2026-11-24T10:00:02.100Z' }),
    [
      ['ingest', 'good'],
      ['ingest: clock', 'bad'],
    ],
  ],
  [
    'our own clock is apart',
    told('ingest', { serviceTime: '2026-11-24T10:00:02.400Z', databaseTime: '2026-11-24T10:00:02.400Z' }),
    [
      ['ingest', 'good'],
      ['ingest: clock', 'note'],
    ],
  ],
] as const)('when %s', ([, asked, verdicts]) => {
  expect(judgeServices([asked], times).map(({ about, verdict }) => [about, verdict])).toEqual(verdicts);
});

test('what is to be repaired says how, a far system in its own words', () => {
  const [, crm] = judgeServices(
    [told('crm-pusher', { far: { crm: 'refuses the key (http_401): check CRM_API_KEY' } })],
    times,
  );
  expect(crm).toMatchObject({ found: 'refuses the key (http_401)', fix: 'check CRM_API_KEY' });
});

test('settings that two services share must agree', () => {
  const asked = [
    told('dispatcher', { settings: { RING_SECONDS: 30, MAX_CALL_SECONDS: 600 } }),
    told('call-tracker', { settings: { RING_SECONDS: 20, MAX_CALL_SECONDS: 600 } }),
  ];
  const faults = judgeServices(asked, times).filter(({ verdict }) => verdict === 'bad');
  expect(faults).toEqual([
    {
      about: 'RING_SECONDS',
      verdict: 'bad',
      found: 'is 30 at the dispatcher and 20 at the call-tracker',
      fix: 'set the same in both',
    },
  ]);
});
