import type { ServiceKey } from '@leadline/contracts/services';
import type { Settings, Timings } from './timings.ts';

/** A service, or the simulator, which stands in for LiveKit, phones, agents, the CRM and the marketplaces. */
export type Member = ServiceKey | 'simulator';

/** A world's keys, unknown outside it. */
export type Keys = {
  /** The key of the source `website`. */
  apiKey: string;
  opsKey: string;
  agentKey: string;
  liveKitKey: string;
  liveKitSecret: string;
  crmKey: string;
  trunkId: string;
};

/** The addresses for one member of a world. Each may lead through a link with faults. */
export type Place = {
  servers: {
    /** Postgres, as the member's own role. The simulator has none. */
    databaseUrl?: string;
    /** The member's own NATS user; the simulator logs in as `agent`. */
    nats: { url: string; user?: string; pass?: string };
  };
  /**
   * The address of LiveKit, the CRM and the marketplaces; separate ones for LiveKit or the CRM if they lead through a
   * link.
   */
  simulator: { url: string; liveKitUrl?: string | undefined; crmUrl?: string | undefined };
  /** Without one, the member takes any free port. */
  port?: number | undefined;
  adminPort?: number | undefined;
  keys: Keys;
  timings: Timings;
  /** For the simulator: where it sends webhooks, and where it logs. */
  outside?: { webhookUrl: string; phoneLog: string; crmLog: string };
  dashboard?: {
    ingestUrl?: string;
    ops?: { user: string; pass: string };
    /** `name:role:password`, separated by commas. */
    firstUsers: string;
  };
};

/**
 * The whole environment of one member of a simulated world. `npm start`, end-to-end tests, the fault campaign and
 * benchmarks all use it, and differ only in `place.timings`.
 */
export function toSettings(member: Member, place: Place): Settings {
  return {
    HOST: '127.0.0.1',
    ...toNats(place),
    ...toOwn(member, place),
    ...(member === 'dispatcher' || member === 'callTracker' ? place.timings.calls : {}),
    ...place.timings[member],
  };
}

function toOwn(member: Member, place: Place): Settings {
  const { keys, simulator } = place;
  const port = String(place.port ?? 0);
  const service = {
    ADMIN_PORT: String(place.adminPort ?? 0),
    ...optional({ DATABASE_URL: place.servers.databaseUrl }),
  };
  const liveKit = { LIVEKIT_API_KEY: keys.liveKitKey, LIVEKIT_API_SECRET: keys.liveKitSecret };
  switch (member) {
    case 'simulator':
      return {
        ...liveKit,
        PORT: port,
        SIP_TRUNK_ID: keys.trunkId,
        CRM_API_KEY: keys.crmKey,
        ...optional({
          WEBHOOK_URL: place.outside?.webhookUrl,
          PHONE_LOG: place.outside?.phoneLog,
          CRM_LOG: place.outside?.crmLog,
        }),
      };
    case 'ingest':
      return { ...service, PORT: port, API_KEYS: `website:${keys.apiKey}`, ...toVendors(simulator.url) };
    case 'dispatcher':
      return {
        ...service,
        ...liveKit,
        LIVEKIT_URL: simulator.liveKitUrl ?? simulator.url,
        SIP_TRUNK_ID: keys.trunkId,
        CALL_WINDOW: 'simulated',
        OPS_KEY: keys.opsKey,
      };
    case 'callTracker':
      return {
        ...service,
        ...liveKit,
        LIVEKIT_URL: simulator.liveKitUrl ?? simulator.url,
        PORT: port,
        AGENT_KEY: keys.agentKey,
      };
    case 'crmPusher':
      return { ...service, CRM_URL: simulator.crmUrl ?? `${simulator.url}/crm/v1`, CRM_API_KEY: keys.crmKey };
    case 'dashboard':
      return {
        ...service,
        PORT: port,
        ...optional({
          PUBLIC_URL: place.port === undefined ? undefined : `http://127.0.0.1:${place.port}`,
          INGEST_URL: place.dashboard?.ingestUrl,
          OPS_NATS_USER: place.dashboard?.ops?.user,
          OPS_NATS_PASS: place.dashboard?.ops?.pass,
          FIRST_USERS: place.dashboard?.firstUsers,
        }),
      };
  }
}

/** The marketplaces are simulated too, so no real vendor gets requests. */
function toVendors(simulatorUrl: string): Settings {
  const vendorsUrl = `${simulatorUrl}/vendors`;
  return {
    INDIAMART_URL: `${vendorsUrl}/indiamart`,
    TRADEINDIA_URL: `${vendorsUrl}/tradeindia`,
    EXPORTERSINDIA_URL: `${vendorsUrl}/exportersindia`,
    META_GRAPH_URL: `${vendorsUrl}/graph/v26.0`,
    // The simulator's own trunk id, from its README.
    META_PAGE_TOKEN: 'simulated-vendor-key',
  };
}

function toNats({ servers }: Place): Settings {
  const { url, user, pass } = servers.nats;
  return { NATS_URL: url, ...optional({ NATS_USER: user, NATS_PASS: pass }) };
}

/** Drops undefined settings. */
function optional(settings: Record<string, string | undefined>): Settings {
  return Object.fromEntries(
    Object.entries(settings).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
