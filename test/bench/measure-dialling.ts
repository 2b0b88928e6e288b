import { freePort } from '@leadline/servers/free-port';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { percentile, round } from './figures.ts';
import { answeringPhone, leadBody } from './leads.ts';
import type { Servers, Stand } from './servers.ts';
import { startProcess, type RunningProcess } from './start-process.ts';

export type Dialling = {
  endToEndPerSecond: number;
  postToDialMs: { p50: number; p99: number };
  /** Medians of the steps between POST and INVITE, ms. */
  stepsMs: Record<'accept' | 'claim' | 'agent and permit' | 'invite', number>;
};

const latencyLeads = 200;
const latencyPerSecond = 10;
const burstLeads = 1_000;
const burstWaitMs = 90_000;
const key = 'bench-api-key-of-website';
const liveKitKey = { LIVEKIT_API_KEY: 'bench-key', LIVEKIT_API_SECRET: 'bench-secret-of-at-least-32-characters' };

/**
 * Leads on their whole way, POST to INVITE, through all four services: first a few a second for how long one takes, then
 * a burst for how many fit through. Caps and pace stand wide open and calls are short, so that neither is what is measured.
 */
export async function measureDialling(servers: Servers, say: (line: string) => void): Promise<Dialling> {
  const stand = await servers.stand('dialling');
  const phoneLog = join(servers.folder, 'phone.jsonl');
  const running = await startSystem(stand, { phoneLog, crmLog: join(servers.folder, 'crm.jsonl') });
  const [ingest] = running;
  const sentAt = new Map<string, number>();
  const post = async (n: number): Promise<void> => {
    const phone = answeringPhone(n);
    sentAt.set(phone, Date.now());
    const answer = await fetch(`http://127.0.0.1:${ingest.port}/v1/leads`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: leadBody(n, phone),
    });
    await answer.text();
    if (!answer.ok) throw new Error(`ingest refused a lead: HTTP ${answer.status}`);
  };
  /** When each number's phone was first asked to ring, once all of them were or the wait is over. */
  const invitesOf = async (phones: string[], withinMs: number): Promise<Map<string, number>> => {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const invites = readInvites(phoneLog);
      if (phones.every((phone) => invites.has(phone)) || performance.now() > deadline) return invites;
      await wait(200);
    }
  };

  try {
    let n = 0;
    // The first few pay for connections and compilation.
    for (let warmUp = 0; warmUp < 20; warmUp++) await post(++n);
    await invitesOf([...sentAt.keys()], 20_000);

    say(`dialling: ${latencyLeads} leads, ${latencyPerSecond} a second`);
    sentAt.clear();
    const posts: Promise<void>[] = [];
    const began = performance.now();
    for (let sent = 0; sent < latencyLeads; sent++) {
      await wait(Math.max(0, began + (sent * 1_000) / latencyPerSecond - performance.now()));
      posts.push(post(++n));
    }
    await Promise.all(posts);
    const invites = await invitesOf([...sentAt.keys()], 30_000);
    const takenMs = [...sentAt].flatMap(([phone, at]) => {
      const rang = invites.get(phone);
      return rang === undefined ? [] : [rang - at];
    });
    if (takenMs.length < latencyLeads) throw new Error(`${latencyLeads - takenMs.length} leads were never dialled`);
    const stepsMs = await readSteps(stand, sentAt, invites);
    const postToDialMs = { p50: round(percentile(takenMs, 0.5), 0), p99: round(percentile(takenMs, 0.99), 0) };
    say(`dialling: p50 ${postToDialMs.p50} ms, p99 ${postToDialMs.p99} ms; a burst of ${burstLeads} leads`);

    sentAt.clear();
    const from = n;
    await Promise.all(
      Array.from({ length: 32 }, async () => {
        while (n < from + burstLeads) await post(++n);
      }),
    );
    const rang = await invitesOf([...sentAt.keys()], burstWaitMs);
    const times = [...sentAt.keys()].flatMap((phone) => rang.get(phone) ?? []);
    const spanMs = Math.max(...times) - Math.min(...sentAt.values());
    if (times.length < sentAt.size) say(`dialling: only ${times.length} of ${sentAt.size} were dialled in time`);
    return { endToEndPerSecond: round((times.length * 1_000) / spanMs, 1), postToDialMs, stepsMs };
  } finally {
    await Promise.all(running.map((one) => one.stop()));
  }
}

/** The services as they are shipped, each with its own role and user, and the simulated world. Ingest comes first. */
async function startSystem(
  stand: Stand,
  logs: { phoneLog: string; crmLog: string },
): Promise<[RunningProcess, ...RunningProcess[]]> {
  const [simulatorPort, trackerPort] = [String(await freePort()), String(await freePort())];
  const world = `http://127.0.0.1:${simulatorPort}`;
  const agent = stand.settings('dashboard', 'agent');
  const simulator = await startProcess(new URL('../../packages/simulator/src/main.ts', import.meta.url), {
    ...liveKitKey,
    PORT: simulatorPort,
    SIP_TRUNK_ID: 'ST_bench',
    WEBHOOK_URL: `http://127.0.0.1:${trackerPort}/webhooks/livekit`,
    NATS_URL: agent['NATS_URL'] ?? '',
    NATS_USER: agent['NATS_USER'] ?? '',
    NATS_PASS: agent['NATS_PASS'] ?? '',
    PHONE_LOG: logs.phoneLog,
    CRM_LOG: logs.crmLog,
    CRM_API_KEY: 'bench-crm-key',
    CRM_REQUESTS_PER_MINUTE: '1000000',
    SIMULATED_RING_SECONDS: '0.1',
    SIMULATED_TALK_SECONDS: '0.5',
  });
  const liveKit = { ...liveKitKey, LIVEKIT_URL: world };
  const service = (name: string): URL => new URL(`../../services/${name}/src/main.ts`, import.meta.url);
  const tracker = await startProcess(service('call-tracker'), {
    ...stand.settings('callTracker', 'call-tracker'),
    ...liveKit,
    PORT: trackerPort,
    MIN_TALK_SECONDS: '0.1',
    AGENT_KEY: 'bench-agent-key-over-http',
  });
  const pusher = await startProcess(
    service('crm-pusher'),
    {
      ...stand.settings('crmPusher', 'crm-pusher'),
      CRM_URL: `${world}/crm/v1`,
      CRM_API_KEY: 'bench-crm-key',
      CRM_REQUESTS_PER_MINUTE: '100000',
    },
    'ADMIN_PORT',
  );
  const dispatcher = await startProcess(
    service('dispatcher'),
    {
      ...stand.settings('dispatcher', 'dispatcher'),
      ...liveKit,
      SIP_TRUNK_ID: 'ST_bench',
      CALL_WINDOW: 'simulated',
      MAX_CONCURRENT_CALLS: '10000',
      CALLS_PER_SECOND: '1000',
      OPS_KEY: 'bench-ops-key-of-operators',
    },
    'ADMIN_PORT',
  );
  const ingest = await startProcess(service('ingest'), {
    ...stand.settings('ingest', 'ingest'),
    API_KEYS: `website:${key}`,
  });
  return [ingest, dispatcher, pusher, tracker, simulator];
}

const phoneLine = z.object({ at: z.iso.datetime(), event: z.string(), number: z.string() });

/** The far world's own log: when each number's phone was first asked to ring. */
function readInvites(path: string): Map<string, number> {
  const invites = new Map<string, number>();
  if (!existsSync(path)) return invites;
  // What follows the last line break is still being written.
  for (const text of readFileSync(path, 'utf8').split('\n').slice(0, -1)) {
    const { at, event, number } = phoneLine.parse(JSON.parse(text));
    if (event === 'invite' && !invites.has(number)) invites.set(number, Date.parse(at));
  }
  return invites;
}

const step = z.object({ phone: z.string(), created_at: z.date(), claimed_at: z.date(), sent_at: z.date() });

/** Where the time went, by the rows' own times: Postgres runs on this machine and has its clock. */
async function readSteps(
  stand: Stand,
  sentAt: ReadonlyMap<string, number>,
  invites: ReadonlyMap<string, number>,
): Promise<Dialling['stepsMs']> {
  const found = z
    .array(step)
    .parse(
      await stand.query(
        `select l.phone, l.created_at, d.claimed_at, d.sent_at from dials d join leads l on l.id = d.lead_id where d.sent_at is not null`,
      ),
    )
    .filter(({ phone }) => sentAt.has(phone));
  const half = (ms: (one: z.infer<typeof step>) => number): number => round(percentile(found.map(ms), 0.5), 0);
  return {
    accept: half((one) => one.created_at.getTime() - (sentAt.get(one.phone) ?? Number.NaN)),
    claim: half((one) => one.claimed_at.getTime() - one.created_at.getTime()),
    'agent and permit': half((one) => one.sent_at.getTime() - one.claimed_at.getTime()),
    invite: half((one) => (invites.get(one.phone) ?? Number.NaN) - one.sent_at.getTime()),
  };
}
