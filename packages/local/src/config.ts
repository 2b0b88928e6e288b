import { readConfig } from '@leadline/service-kit/read-config';
import { join } from 'node:path';
import { z } from 'zod';

const settings = z.object({
  /** A server of yours in place of the embedded one. */
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, message: 'must be a postgres:// URL' }).optional(),
  NATS_URL: z.url({ protocol: /^(nats|tls)$/, message: 'must be a nats:// URL' }).optional(),
  LEADLINE_STATE_DIR: z.string().default(join(import.meta.dirname, '../../../.leadline')),
  /** Whether a few leads are sent at the start. */
  SAMPLE_LEADS: z.enum(['on', 'off']).default('on'),
});

export type LocalConfig = z.output<typeof settings>;

/** @throws ConfigError with all problems at once */
export function readLocalConfig(env: Record<string, string | undefined>): LocalConfig {
  return readConfig(settings, env);
}
