import { faultOfModes } from '@leadline/contracts/modes';
import { z } from 'zod';
import { decimal, integer } from './read-config.ts';

/**
 * The goals that people have with settings. `docs/operate/settings.md` has one table for each, in this order; every
 * setting names its goal in `.meta()`.
 */
export const settingGoals = {
  connect: 'Connect the services to Postgres and NATS',
  observe: 'See how a service is: health, metrics, logs, traces',
  leads: 'Take in leads',
  people: 'Decide who is called, when, and how often',
  calls: 'Place calls through LiveKit',
  outcomes: 'Recognise what became of a call',
  crm: 'Write tasks into the CRM',
  dashboard: 'Show the dashboard and let people log in',
  minutes: 'Count minutes and what they cost',
  privacy: 'Forget people',
  setup: 'Create the streams, and a login for each service',
  command: 'Ask and steer from the command line',
  try: 'Try it on one machine',
  simulate: 'Simulate LiveKit, phones, agents, the CRM and the marketplaces',
} as const;

declare module 'zod' {
  interface GlobalMeta {
    goal?: keyof typeof settingGoals;
    /** The accepted values, if the type does not show them. */
    bounds?: string;
    /** A typical value other than the default. */
    example?: string;
  }
}

/** MODES_DIR: the services and the command line read it. */
export const modesDir = z
  .string()
  .superRefine((folder, context) => {
    const fault = faultOfModes(folder);
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
  })
  .optional()
  .meta({
    goal: 'calls',
    description:
      'A folder with modes of yours, one JSON Schema a file ([voice agents](../build/voice-agents.md#modes)). They stand beside the modes that come with Leadline, and replace those of the same name. Set the same value in all services.',
    example: '/etc/leadline/modes',
  });

/** Every service's settings: its servers, its port, its log level. */
export const commonSettings = {
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, message: 'must be a postgres:// URL' }).meta({
    goal: 'connect',
    description:
      'The Postgres database. The user is the role of the service (`leadline_ingest`, …) or one user for all services. Add `?sslmode=verify-full&sslrootcert=FILE` for TLS, or `?sslmode=no-verify` for TLS without a check of the certificate.',
    example: 'postgres://leadline_ingest:secret@db.example.in:5432/leadline',
  }),
  NATS_URL: z.string().min(1).meta({
    goal: 'connect',
    description: 'The NATS servers, separated by commas.',
    example: 'nats://nats-1.example.in:4222,nats://nats-2.example.in:4222',
  }),
  NATS_USER: z.string().optional().meta({
    goal: 'connect',
    description: 'The NATS user of the service. Without it the service logs in to a server that has no users.',
    example: 'ingest',
  }),
  NATS_PASS: z
    .string()
    .optional()
    .meta({ goal: 'connect', description: 'The password of that NATS user.', example: 'secret-of-ingest' }),
  MODES_DIR: modesDir,
  HOST: z.string().default('127.0.0.1').meta({
    goal: 'observe',
    description: 'The address on which the service listens, with PORT and with ADMIN_PORT.',
    example: '0.0.0.0',
  }),
  ADMIN_PORT: integer(0, 65_535).prefault('0').meta({
    goal: 'observe',
    description: 'The port of `/livez`, `/readyz` and `/metrics`. 0 takes any free port.',
    example: '9090',
  }),
  /** Names defined by OpenTelemetry. */
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/, message: 'must be an http(s) URL' })
    .optional()
    .meta({
      goal: 'observe',
      description: 'The OTLP collector that receives traces (HTTP, JSON). Without it no traces are made.',
      example: 'http://collector.example.in:4318',
    }),
  OTEL_TRACES_SAMPLER_ARG: decimal(0, 1)
    .prefault('1')
    .meta({ goal: 'observe', description: 'The share of leads that are traced.', example: '0.1' }),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .meta({ goal: 'observe', description: 'The least important lines that are logged.', example: 'debug' }),
};

/** LiveKit's settings, for the dispatcher and the call-tracker. */
export const liveKitSettings = {
  LIVEKIT_URL: z.url({ protocol: /^(https?|wss?)$/, message: 'must be an http(s) or ws(s) URL' }).meta({
    goal: 'calls',
    description: "LiveKit's API. Let LiveKit send its webhooks to `/webhooks/livekit` of the call-tracker.",
    example: 'wss://livekit.example.in',
  }),
  LIVEKIT_API_KEY: z.string().meta({
    goal: 'calls',
    description: 'The key of that API; it also signs webhooks.',
    example: 'key-of-leadline',
  }),
  LIVEKIT_API_SECRET: z
    .string()
    .meta({ goal: 'calls', description: 'The secret of that key.', example: 'secret-of-that-key' }),
};

/** These settings in the form of LiveKit's client. */
export function toLiveKitLogin(config: {
  LIVEKIT_URL: string;
  LIVEKIT_API_KEY: string;
  LIVEKIT_API_SECRET: string;
  AGENT_NAME: string;
}) {
  return {
    url: config.LIVEKIT_URL,
    apiKey: config.LIVEKIT_API_KEY,
    apiSecret: config.LIVEKIT_API_SECRET,
    agentName: config.AGENT_NAME,
  };
}

/** Which agent is sent to a call, by the dispatcher and again by the call-tracker where a talk has lost its agent. */
export const sharedAgentSettings = {
  AGENT_NAME: z.string().default('leadline-agent').meta({
    goal: 'calls',
    description: 'The voice agent that LiveKit dispatches to a call. Set the same value in both services.',
    example: 'sales-agent-hindi',
  }),
  AGENT_WAIT_SECONDS: integer(1, 60).prefault('10').meta({
    goal: 'calls',
    description:
      'How long a call waits for its agent to enter the room: without an agent no phone rings, and a talk that has lost its agent ends. Set the same value in both services.',
    example: '15',
  }),
};

/** The settings that the dispatcher and the call-tracker must share. `leadline doctor` compares them. */
export const sharedCallSettings = {
  RING_SECONDS: integer(1, 60).prefault('30').meta({
    goal: 'calls',
    description: 'How long a phone rings before the call counts as unanswered. Set the same value in both services.',
    example: '25',
  }),
  MAX_CALL_SECONDS: integer(10, 7_200).prefault('600').meta({
    goal: 'calls',
    description:
      "The longest talk, counted from the answer; the call-tracker ends it then. LiveKit's own limit counts from the dial and is this and RING_SECONDS. Set the same value in both services.",
    example: '900',
  }),
  /** How long LiveKit accepts a token after its end. */
  LIVEKIT_LEEWAY_SECONDS: decimal(0, 300).prefault('60').meta({
    goal: 'calls',
    description: 'How long LiveKit accepts a token after it has expired. Set the same value in both services.',
    example: '30',
  }),
  REPORT_GRACE_SECONDS: decimal(1, 3_600).prefault('90').meta({
    goal: 'outcomes',
    description:
      "How late after the call an agent's report may arrive. It is also how long reports may be out of reach before nobody new is called. Set the same value in both services.",
    example: '120',
  }),
};

/** RETENTION_DAYS. Without it, services forget nobody by age. */
export const retentionDays = integer(30, 36_500).optional().meta({
  goal: 'privacy',
  description:
    'After this many days the service removes a person from leads, deliveries and calls ([privacy](privacy.md)). Without it nobody is removed by age.',
  example: '730',
});

/** MAX_LEAD_AGE_DAYS. Ingest uses it to report rows of an import that are too old; the dispatcher decides. */
export const maxLeadAgeDays = integer(1, 365).prefault('7').meta({
  goal: 'people',
  description:
    'Older enquiries are not called. The age counts from the time that the vendor states. Set the same value in both services.',
  example: '3',
});

/** PORT of a service that listens on another port beside its admin port. */
export function port(defaultPort: string, description: string, goal: 'leads' | 'outcomes' | 'dashboard') {
  return integer(0, 65_535).prefault(defaultPort).meta({ goal, description, example: '8080' });
}
