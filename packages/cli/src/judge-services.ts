import type { Health } from '@leadline/contracts/commands/health';
import type { AskedHealth } from './ask-health.ts';
import { bad, good, note, type Finding } from './finding.ts';

const fixes: Record<string, string> = {
  database:
    'check DATABASE_URL, the role’s password and rights, and that Postgres is up; npm run migrate makes the schema',
  nats: 'check NATS_URL, NATS_USER and NATS_PASS of the service',
  streams:
    'run the set-up (docs/operate/operations.md, Set up database and streams), and check the rights of the service’s NATS user',
  reports:
    'check with leadline lag that the call-tracker runs and its durable call-tracker-agent is there; until then nobody new is called',
  outbox: 'the database was restored: leadline reconcile',
  service: 'it is being stopped: wait for its successor',
};

/** The dispatcher and the call-tracker compute a call's longest life from these, so they must agree. */
const shared = [
  'RING_SECONDS',
  'MAX_CALL_SECONDS',
  'LIVEKIT_LEEWAY_SECONDS',
  'LIVEKIT_URL',
  'REPORT_GRACE_SECONDS',
  'AGENT_NAME',
] as const;

const oldOutboxSeconds = 60;
const maxSkewMs = 2_000;

/** What the services say about themselves and their servers. `askedAt` and `answeredAt` are by this machine's clock. */
export function judgeServices(asked: AskedHealth[], times: { askedAt: Date; answeredAt: Date }): Finding[] {
  return [
    ...asked.flatMap((answer) =>
      'silent' in answer ? [judgeSilence(answer)] : judgeHealth(answer.service, answer.health),
    ),
    ...judgeClocks(asked, times),
    ...judgeShared(asked),
  ];
}

function judgeSilence({ service, silent }: { service: string; silent: string }): Finding {
  return silent.includes('may not ask')
    ? bad(service, silent, 'use the NATS user ops, with the rights that the set-up writes')
    : bad(
        service,
        `does not answer (${silent})`,
        `check whether it runs, and read its log; it answers on ops.${service}.>`,
      );
}

function judgeHealth(service: string, { parts, far, outbox, webhooks }: Health): Finding[] {
  const troubles = Object.entries(parts).flatMap(([part, state]) =>
    state === true ? [] : [bad(`${service}: ${part}`, state, fixes[part] ?? `see the log of ${service}`)],
  );
  return [
    ...(troubles.length === 0 ? [good(service, `stands: ${Object.keys(parts).join(', ')}`)] : troubles),
    ...Object.entries(far).map(([system, state]) => {
      if (state === true) return good(`${service}: ${system}`, 'reached, and accepts the key');
      const [found = state, fix = `see the log of ${service}`] = state.split(': ');
      return bad(`${service}: ${system}`, found, fix);
    }),
    ...judgeOutbox(service, outbox),
    ...judgeWebhooks(service, webhooks),
  ];
}

/** Without webhooks calls end late; with a wrong key they are all refused. */
function judgeWebhooks(service: string, webhooks: Health['webhooks']): Finding[] {
  if (webhooks === undefined) return [];
  const about = `${service}: webhooks`;
  const { lastAt, refusedAt } = webhooks;
  if (refusedAt !== null && (lastAt === null || refusedAt > lastAt))
    return [
      bad(about, 'come signed with a key that it does not have', 'leadline livekit print-config shows the right lines'),
    ];
  return lastAt === null
    ? [note(about, 'none came since it started', 'leadline livekit doctor tries whether they come')]
    : [];
}

function judgeOutbox(service: string, outbox: Health['outbox']): Finding[] {
  if (outbox === null) return [];
  const about = `${service}: outbox`;
  return [
    ...(outbox.oldestSeconds < oldOutboxSeconds
      ? []
      : [
          bad(
            about,
            `the oldest of ${outbox.waiting} events has waited ${Math.round(outbox.oldestSeconds)} s`,
            'docs/operate/alerts.md, LeadlineOutboxStuck',
          ),
        ]),
    ...(outbox.failed === 0
      ? []
      : [bad(about, `${outbox.failed} events were refused for good`, 'docs/operate/alerts.md, LeadlineOutboxFailed')]),
  ];
}

/** A service's clock signs tokens; the database's clock decides windows and permits. */
function judgeClocks(asked: AskedHealth[], { askedAt, answeredAt }: { askedAt: Date; answeredAt: Date }): Finding[] {
  const skewed = asked.flatMap((answer): Finding[] => {
    if ('silent' in answer) return [];
    const { serviceTime, databaseTime } = answer.health;
    const service = new Date(serviceTime).getTime();
    const apart = databaseTime === null ? 0 : Math.abs(new Date(databaseTime).getTime() - service);
    const ahead = Math.max(askedAt.getTime() - service, service - answeredAt.getTime(), 0);
    const about = `${answer.service}: clock`;
    if (apart > maxSkewMs)
      return [
        bad(
          about,
          `is ${(apart / 1_000).toFixed(1)} s apart from the database’s`,
          'let NTP set the clocks of both machines',
        ),
      ];
    return ahead > maxSkewMs
      ? [
          note(
            about,
            `is ${(ahead / 1_000).toFixed(1)} s apart from this machine’s`,
            'let NTP set the clocks of both machines',
          ),
        ]
      : [];
  });
  const isTold = asked.some((answer) => 'health' in answer && answer.health.databaseTime !== null);
  return skewed.length > 0 || !isTold ? skewed : [good('clocks', 'services, database and this machine agree')];
}

function judgeShared(asked: AskedHealth[]): Finding[] {
  const settingsOf = (service: string): Health['settings'] => {
    const answered = asked.find((answer) => answer.service === service);
    return answered !== undefined && 'health' in answered ? answered.health.settings : {};
  };
  const [dispatcher, tracker] = [settingsOf('dispatcher'), settingsOf('call-tracker')];
  return shared.flatMap((name) => {
    const [dispatcherValue, trackerValue] = [dispatcher[name], tracker[name]];
    if (dispatcherValue === undefined || trackerValue === undefined || dispatcherValue === trackerValue) return [];
    return [
      bad(
        name,
        `is ${dispatcherValue} at the dispatcher and ${trackerValue} at the call-tracker`,
        'set the same in both',
      ),
    ];
  });
}
