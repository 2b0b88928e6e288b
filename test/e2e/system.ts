import type { Database } from '@leadline/database/open-database';
import type { Nats } from '@leadline/messaging/connect';
import type { Faults } from '@leadline/simulator/faults';
import { readSimulatorConfig } from '@leadline/simulator/config';
import { startSimulator, type Simulator } from '@leadline/simulator/start-simulator';
import { openLiveKit } from '@leadline/telephony/livekit';
import { testDatabase } from '@leadline/testing/database';
import { testNats } from '@leadline/testing/nats';
import { silentLog } from '@leadline/testing/silent-log';
import { until } from '@leadline/testing/until';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { serviceOf, type ServiceName } from '@leadline/contracts/services';
import type { Part } from '@leadline/time/part';
import { test as testTimings, withTimings, type Settings, type Timings } from '@leadline/world/timings';
import { toSettings, type Keys } from '@leadline/world/to-settings';
import { readCallTrackerConfig } from '../../services/call-tracker/src/config.ts';
import { start as startCallTracker } from '../../services/call-tracker/src/start.ts';
import { readCrmPusherConfig } from '../../services/crm-pusher/src/config.ts';
import { start as startCrmPusher } from '../../services/crm-pusher/src/start.ts';
import { readDashboardConfig } from '../../services/dashboard/src/config.ts';
import { start as startDashboard } from '../../services/dashboard/src/start.ts';
import { readDispatcherConfig } from '../../services/dispatcher/src/config.ts';
import { start as startDispatcher } from '../../services/dispatcher/src/start.ts';
import { readIngestConfig } from '../../services/ingest/src/config.ts';
import { start as startIngest } from '../../services/ingest/src/start.ts';
import { freePort } from '@leadline/servers/free-port';
import { endWithUs } from '@leadline/servers/reaper';

export type PhoneLine = {
  at: string;
  event: 'invite' | 'ringing' | 'answered' | 'refused' | 'cancelled' | 'hangup';
  number: string;
  room: string;
};
export type CrmLine = { event: 'customer.created' | 'task.created'; id: string; mobile?: string; room?: string };

export type CallRow = {
  id: number;
  lead_id: number;
  status: string;
  failure_reason: string | null;
  attempt: number;
  qualification: Record<string, string> | null;
  agent_mode: string | null;
  sip_status: number | null;
  do_not_call: boolean | null;
  crm_task_id: string | null;
  call_room: string;
  duration_seconds: number | null;
  answered_at: Date | null;
  call_ended_at: Date | null;
};
export type LeadRow = {
  id: number;
  status: string;
  retry_count: number;
  retry_after: Date | null;
  failure_reason: string | null;
};

export type System = Awaited<ReturnType<typeof startSystem>>;

const keys: Keys = {
  apiKey: 'test-api-key-of-website',
  opsKey: 'test-ops-key-of-operators',
  agentKey: 'test-agent-key-over-http',
  liveKitKey: 'test-key',
  liveKitSecret: 'test-secret-of-at-least-32-characters',
  crmKey: 'test-crm-key',
  trunkId: 'ST_test',
};

/** A number of its own for each lead, ending in the digits that choose what happens. */
let numbers = 0;
export function numberEnding(digits: string): string {
  numbers++;
  return `+9190${String(numbers).padStart(8 - digits.length, '0')}${digits}`;
}

/**
 * The four services over a real Postgres and a real nats-server, with the simulated world where LiveKit, the voice agent
 * and the CRM stand. Each service has its own role and NATS user. Waits of minutes are seconds here.
 */
export async function startSystem(options: { overrides?: Timings; dispatchers?: number } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'leadline-e2e-'));
  const [db, nats] = await Promise.all([testDatabase(), testNats()]);
  const trackerPort = await freePort();
  const simulator: Simulator = await startSimulator(
    readSimulatorConfig(
      toSettings('simulator', {
        servers: { nats: { url: nats.url, ...nats.user('agent') } },
        simulator: { url: '' },
        keys,
        timings: withTimings(testTimings, options.overrides ?? {}),
        outside: {
          webhookUrl: `http://127.0.0.1:${trackerPort}/webhooks/livekit`,
          phoneLog: join(folder, 'phone.jsonl'),
          crmLog: join(folder, 'crm.jsonl'),
        },
      }),
    ),
  );
  let shiftMs = 0;
  const opened: (Database | Nats)[] = [];
  const connect = async (service: ServiceName) => {
    const postgres = await db.open(serviceOf(service).key, 10);
    const connection = await nats.connect(service);
    opened.push(postgres, connection);
    return {
      postgres,
      nats: connection,
      livekit: openLiveKit({
        url: simulator.url,
        apiKey: keys.liveKitKey,
        apiSecret: keys.liveKitSecret,
        agentName: 'leadline-agent',
      }),
      fetch,
      now: (databaseTime: Date): Date => new Date(databaseTime.getTime() + shiftMs),
      log: silentLog,
    };
  };
  /** Read at each start: a test may change its overrides in between. */
  const settingsOf = (service: ServiceName): Settings => {
    const { key } = serviceOf(service);
    return toSettings(key, {
      servers: { databaseUrl: db.roleUrls[key], nats: { url: nats.url, ...nats.user(service) } },
      simulator,
      port: key === 'callTracker' ? trackerPort : undefined,
      keys,
      timings: withTimings(testTimings, options.overrides ?? {}),
    });
  };
  const launch = {
    ingest: async () => startIngest(readIngestConfig(settingsOf('ingest')), await connect('ingest')),
    dispatcher: async () =>
      startDispatcher(readDispatcherConfig(settingsOf('dispatcher')), await connect('dispatcher')),
    callTracker: async () =>
      startCallTracker(readCallTrackerConfig(settingsOf('call-tracker')), await connect('call-tracker')),
    crmPusher: async () => startCrmPusher(readCrmPusherConfig(settingsOf('crm-pusher')), await connect('crm-pusher')),
  };
  const [ingest, callTracker, crmPusher, ...dispatchers] = await Promise.all([
    launch.ingest(),
    launch.callTracker(),
    launch.crmPusher(),
    ...Array.from({ length: options.dispatchers ?? 1 }, launch.dispatcher),
  ]);
  const ops = await nats.connect('ops');
  const services: Part[] = [ingest, ...dispatchers, callTracker, crmPusher];

  const lines = <T>(path: string): T[] =>
    existsSync(path)
      ? readFileSync(path, 'utf8')
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line) as T)
      : [];
  const control = async (path: string, body: unknown): Promise<void> => {
    const response = await fetch(`${simulator.url}/control${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`the simulator refused: ${await response.text()}`);
  };

  const children: ChildProcess[] = [];
  const system = {
    db,
    nats,
    ops,
    launch,
    services,
    ingestUrl: ingest.url,
    trackerUrl: `http://127.0.0.1:${trackerPort}`,
    dispatcherUrl: dispatchers[0]?.adminUrl ?? '',
    adminUrls: [ingest, ...dispatchers, callTracker, crmPusher].map(({ adminUrl }) => adminUrl),
    opsKey: keys.opsKey,
    simulator,
    liveKit: { apiKey: keys.liveKitKey, apiSecret: keys.liveKitSecret },
    /** Lets the dispatcher's and the tracker's time run this much ahead of the database's. */
    shift(ms: number): void {
      shiftMs = ms;
    },
    /** What a process of its own is told to be one of these services. */
    settingsOf,
    /** Starts the dashboard beside the others; `stop` ends it with them. It can't send dead letters back. */
    async startDashboard(more: Settings = {}) {
      const config = readDashboardConfig({ ...settingsOf('dashboard'), ...more });
      const dashboard = await startDashboard(config, { ...(await connect('dashboard')), opsNats: undefined });
      services.push(dashboard);
      return dashboard;
    },
    /** A dispatcher as a process of its own, to be frozen and killed. `freezeAtDial`: it stops itself right before its first request. */
    dispatcherProcess(given: { freezeAtDial: boolean }): ChildProcess {
      const child = spawn(process.execPath, [join(import.meta.dirname, 'dispatcher-process.ts')], {
        env: {
          ...process.env,
          ...settingsOf('dispatcher'),
          LOG_LEVEL: process.env['LEADLINE_TEST_LOG'] ?? 'silent',
          ...(given.freezeAtDial ? { FREEZE_AT_DIAL: '1' } : {}),
        },
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      endWithUs(child);
      children.push(child);
      return child;
    },
    apiKey: keys.apiKey,

    /** POSTs a lead and answers its id. */
    async post(phone: string, more: Record<string, unknown> = {}): Promise<number> {
      const response = await fetch(`${ingest.url}/v1/leads`, {
        method: 'POST',
        headers: { authorization: `Bearer ${keys.apiKey}` },
        body: JSON.stringify({ name: 'Asha Verma', phone, productName: 'Paper cup machine', ...more }),
      });
      const body = z.object({ id: z.number().optional() }).parse(await response.json());
      if (body.id === undefined) throw new Error(`the lead was refused: HTTP ${response.status}`);
      return body.id;
    },
    script: (number: string, outcomes: unknown[]): Promise<void> => control('/script', { number, outcomes }),
    faults: (faults: Partial<Faults>): Promise<void> => control('/faults', faults),
    async lead(id: number): Promise<LeadRow> {
      const [row] = await db.query<LeadRow>(
        `select id, status, retry_count, retry_after, failure_reason from leads where id = $1`,
        [id],
      );
      if (row === undefined) throw new Error(`there is no lead ${id}`);
      return row;
    },
    calls: (leadId: number): Promise<CallRow[]> =>
      db.query<CallRow>(`select * from calls where lead_id = $1 order by id`, [leadId]),
    /** The further agents that a call got. */
    async takeovers(callId: number): Promise<{ cameAt: string | null }[]> {
      const [facts] = await db.query<{ takeovers: { cameAt: string | null }[] | null }>(
        `select takeovers from call_facts where call_id = $1`,
        [callId],
      );
      return facts?.takeovers ?? [];
    },
    phone: (number?: string): PhoneLine[] =>
      lines<PhoneLine>(simulator.phoneLog).filter((line) => number === undefined || line.number === number),
    crm: (room?: string): CrmLine[] =>
      lines<CrmLine>(simulator.crmLog).filter((line) => room === undefined || line.room === room),
    /** The first hundred tasks, as the CRM shows them. */
    async crmTasks(): Promise<Record<string, unknown>[]> {
      const response = await fetch(`${simulator.url}/crm/v1/tasks?limit=100`, {
        headers: { 'x-tenant-api-key': 'test-crm-key' },
      });
      return z.object({ data: z.array(z.record(z.string(), z.unknown())) }).parse(await response.json()).data;
    },
    invites: (number: string): number => system.phone(number).filter((line) => line.event === 'invite').length,
    /** The lead's only call, once it is in this state. */
    callIs: (leadId: number, status: string, withinMs = 60_000): Promise<CallRow> =>
      until(
        `a call of lead ${leadId} is ${status}`,
        async () => (await system.calls(leadId)).find((call) => call.status === status),
        withinMs,
      ),
    leadIs: (leadId: number, status: string, withinMs = 60_000): Promise<LeadRow> =>
      until(
        `lead ${leadId} is ${status}`,
        async () => {
          const lead = await system.lead(leadId);
          return lead.status === status && lead;
        },
        withinMs,
      ),
    async stop(): Promise<void> {
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(services.map((service) => service.stop()));
      await simulator.stop();
      await nats.close();
      await db.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return system;
}
