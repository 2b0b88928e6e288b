import { readConfig } from '@leadline/service-kit/read-config';
import { join } from 'node:path';
import { z } from 'zod';

export const localSettings = z.object({
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

export type LocalConfig = z.output<typeof localSettings>;

/** @throws ConfigError with all problems at once */
export function readLocalConfig(env: Record<string, string | undefined>): LocalConfig {
  return readConfig(localSettings, env);
}
