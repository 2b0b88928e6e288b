import { ConfigError, readConfig } from '@leadline/service-kit/read-config';
import { join } from 'node:path';
import { z } from 'zod';

const liveKit = {
  LIVEKIT_URL: z
    .url({ protocol: /^(https?|wss?)$/, message: 'must be an http(s) or ws(s) URL' })
    .optional()
    .meta({
      goal: 'try',
      description:
        'A LiveKit of yours in place of the simulated one: real phones ring, in the real call window. It needs its key, its secret and SIP_TRUNK_ID too.',
      example: 'wss://livekit.example.in',
    }),
  LIVEKIT_API_KEY: z
    .string()
    .optional()
    .meta({ goal: 'try', description: 'The key of that LiveKit.', example: 'key-of-leadline' }),
  LIVEKIT_API_SECRET: z
    .string()
    .optional()
    .meta({ goal: 'try', description: 'The secret of that key.', example: 'secret-of-that-key' }),
  SIP_TRUNK_ID: z
    .string()
    .optional()
    .meta({ goal: 'try', description: 'The trunk of that LiveKit.', example: 'ST_your_trunk' }),
};

export const localSettings = z.object({
  ...liveKit,
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, message: 'must be a postgres:// URL' })
    .optional()
    .meta({
      goal: 'try',
      description: 'A Postgres of yours in place of the embedded one.',
      example: 'postgres://postgres:secret@127.0.0.1:5432/leadline',
    }),
  NATS_URL: z
    .url({ protocol: /^(nats|tls)$/, message: 'must be a nats:// URL' })
    .optional()
    .meta({
      goal: 'try',
      description: 'A nats-server of yours in place of the one that `npm start` runs.',
      example: 'nats://127.0.0.1:4222',
    }),
  LEADLINE_STATE_DIR: z
    .string()
    .default(join(import.meta.dirname, '../../../.leadline'))
    .meta({
      goal: 'try',
      description: 'The folder of data, logs and passwords. The tools stay in the clone.',
      example: '/var/tmp/leadline',
    }),
  SAMPLE_LEADS: z.enum(['on', 'off']).default('on').meta({
    goal: 'try',
    description: 'Whether a few leads are sent at the start. They are never sent to a Postgres of yours.',
    example: 'off',
  }),
});

export type LocalConfig = Omit<z.output<typeof localSettings>, keyof typeof liveKit> & {
  /** A LiveKit of the person's own: real phones ring. Undefined: the simulator stands for it. */
  liveKit: OwnLiveKit | undefined;
};

export type OwnLiveKit = { url: string; apiKey: string; apiSecret: string; trunkId: string };

/** @throws ConfigError with all problems at once */
export function readLocalConfig(env: Record<string, string | undefined>): LocalConfig {
  const {
    LIVEKIT_URL: url,
    LIVEKIT_API_KEY: apiKey,
    LIVEKIT_API_SECRET: apiSecret,
    SIP_TRUNK_ID: trunkId,
    ...config
  } = readConfig(localSettings, env);
  const given = { LIVEKIT_URL: url, LIVEKIT_API_KEY: apiKey, LIVEKIT_API_SECRET: apiSecret, SIP_TRUNK_ID: trunkId };
  const missing = Object.entries(given).filter(([, value]) => value === undefined);
  if (url !== undefined && apiKey !== undefined && apiSecret !== undefined && trunkId !== undefined)
    return { ...config, liveKit: { url, apiKey, apiSecret, trunkId } };
  // The command line has the other three too: only the address asks for real calls.
  if (url === undefined && trunkId === undefined) return { ...config, liveKit: undefined };
  throw new ConfigError(
    `These settings can't be used:\n${missing.map(([name]) => `  ${name}: is not set; a LiveKit of yours needs all four of ${Object.keys(given).join(', ')}`).join('\n')}`,
  );
}
