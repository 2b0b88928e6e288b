import { listen } from '@leadline/service-kit/listen';
import { Hono } from 'hono';
import { connect } from 'nats';
import { dirname } from 'node:path';
import { openBridge, type Leg } from './livekit/bridge.ts';
import type { SimulatorConfig } from './config.ts';
import { controlApp } from './control-app.ts';
import { crmApp, crmWords } from './crm/crm-app.ts';
import { openCrashes } from './livekit/crashes.ts';
import { chance, faults, type HeldFaults } from './faults.ts';
import { liveKitApp, liveKitWords } from './livekit/livekit-app.ts';
import { openLogFile } from './log-file.ts';
import { openOddAnswers } from './odd-answers.ts';
import { openVendors } from './vendors/open-vendors.ts';
import { outcome as outcomeSchema, toOutcome, type Outcome } from './livekit/outcome.ts';
import { openRooms } from './livekit/rooms.ts';
import { startVoiceAgents, type VoiceAgents } from './livekit/voice-agent.ts';
import { openWebhooks } from './livekit/webhooks.ts';

export type Simulator = {
  /** LiveKit's URL. The CRM is below `/crm/v1`, the marketplaces below `/vendors`, the control API below `/control`. */
  url: string;
  phoneLog: string;
  crmLog: string;
  /** The folder with the marketplaces' logs. */
  vendorLogs: string;
  stop(): Promise<void>;
};

/**
 * Starts the simulated world on one port. A header in every answer names the simulator, so that nobody takes it for a
 * real system.
 */
export async function startSimulator(config: SimulatorConfig): Promise<Simulator> {
  let current: HeldFaults = faults.parse({});
  const odd = { crm: openOddAnswers(crmWords), liveKit: openOddAnswers(liveKitWords) };
  const scripts = new Map<string, Outcome[]>();
  const legs: Leg[] = [];
  const phoneLog = openLogFile(config.PHONE_LOG);
  const crmLog = openLogFile(config.CRM_LOG);
  const timeFactor = config.TIME_FACTOR;
  const vendorLogs = config.VENDOR_LOGS ?? dirname(config.PHONE_LOG);
  const vendors = openVendors({ key: config.VENDOR_KEY, logs: vendorLogs, timeFactor });
  const key = { apiKey: config.LIVEKIT_API_KEY, apiSecret: config.LIVEKIT_API_SECRET };

  const webhooks = openWebhooks({ ...key, url: config.WEBHOOK_URL, timeFactor, faults: () => current });
  const rooms = openRooms({ webhooks, timeFactor, madeForAnybody: (room) => agents.anybodyMayCome(room) });
  const next = (number: string): Outcome => scripts.get(number)?.[0] ?? toOutcome(number);
  const agents: VoiceAgents = startVoiceAgents({
    rooms,
    timeFactor,
    nats:
      config.NATS_URL === undefined
        ? undefined
        : {
            url: config.NATS_URL,
            ...(config.NATS_USER === undefined ? {} : { user: config.NATS_USER }),
            ...(config.NATS_PASS === undefined ? {} : { pass: config.NATS_PASS }),
          },
    nextBehaviour: (number) => {
      const { agent } = next(number);
      // An attempt whose agent stays away never dials, so use up its outcome here.
      if (agent.does === 'absent') scripts.get(number)?.shift();
      return agent;
    },
    worker: () => current,
    publishRaw: (subject, payload) => publishRaw(config, subject, payload),
  });
  const bridge = openBridge({
    rooms,
    timeFactor,
    usualRingMs: config.SIMULATED_RING_SECONDS * 1_000,
    usualTalkMs: config.SIMULATED_TALK_SECONDS * 1_000,
    log: phoneLog,
    changed: (leg) => {
      if (!legs.some((known) => known.sipCallId === leg.sipCallId)) legs.push(leg);
      agents.legChanged(leg);
    },
    leavesGhost: (room) => chance(current.seed, 'ghostLegs', room) < current.ghostLegs,
  });
  const crashes = openCrashes({ rooms, webhooks, bridge, timeFactor });

  const app = new Hono();
  app.use('*', async (c, proceed) => {
    await proceed();
    c.res.headers.set('x-leadline-simulator', '1');
  });
  app.get('/', (c) => c.text('OK'));
  app.use('/twirp/*', crashes.guard);
  app.route(
    '/',
    liveKitApp({
      ...key,
      trunkIds: config.SIP_TRUNK_ID.split(','),
      timeFactor,
      leewaySeconds: config.LIVEKIT_LEEWAY_SECONDS / timeFactor,
      rooms,
      faults: () => current,
      odd: odd.liveKit,
      dispatched: (dispatch) => agents.dispatched(dispatch),
      dispatchedExplicitly: (room) => agents.anybodyMayCome(room),
      dial: (request) => {
        // Whoever looks for the bridge dials port 9 of its machine, where nothing listens.
        if (request.trunk.hostname === '127.0.0.1:9') return bridge.dial(request, refusesConnections);
        const outcome = next(request.number);
        scripts.get(request.number)?.shift();
        return bridge.dial(request, outcome);
      },
    }),
  );
  app.route(
    '/crm/v1',
    crmApp({
      apiKey: config.CRM_API_KEY,
      requestsPerMinute: config.CRM_REQUESTS_PER_MINUTE,
      log: crmLog,
      faults: () => current.crm,
      odd: odd.crm,
    }),
  );
  app.route('/vendors', vendors.apis);
  app.route('/control/vendors', vendors.control);
  app.route(
    '/control',
    controlApp({
      scripts,
      setFaults: (given) => {
        const before = current;
        current = given;
        odd.crm.set(given.crm.answers);
        odd.liveKit.set(given.answers);
        crashes.notice(before, given);
      },
      calls: () => legs.map(({ number, room, sipCallId, status }) => ({ number, room, sipCallId, status: status() })),
    }),
  );
  const server = await listen(app, { host: config.HOST, port: config.PORT, graceMs: 100 });
  return {
    url: server.url,
    phoneLog: config.PHONE_LOG,
    crmLog: config.CRM_LOG,
    vendorLogs,
    async stop() {
      await agents.stop();
      crashes.stop();
      bridge.stop();
      rooms.stop();
      await webhooks.stop();
      await server.stop();
    },
  };
}

const refusesConnections = outcomeSchema.parse({ callee: 'unreachable' });

async function publishRaw(config: SimulatorConfig, subject: string, payload: unknown): Promise<void> {
  if (config.NATS_URL === undefined) return;
  const connection = await connect({
    servers: config.NATS_URL,
    ...(config.NATS_USER === undefined ? {} : { user: config.NATS_USER, inboxPrefix: `_INBOX_${config.NATS_USER}` }),
    ...(config.NATS_PASS === undefined ? {} : { pass: config.NATS_PASS }),
  });
  await connection.jetstream().publish(subject, JSON.stringify(payload));
  await connection.close();
}
