import { readConfig } from '@leadline/service-kit/read-config';
import { join } from 'node:path';
import { z } from 'zod';

const settings = z.object({
  NATS_URL: z.string().optional(),
  NATS_USER: z.string().default('ops'),
  NATS_PASS: z.string().optional(),
  /** The admin port of any dispatcher: the stop switch works there too. */
  DISPATCHER_URL: z.url({ message: 'must be an http:// URL' }).optional(),
  OPS_KEY: z.string().optional(),
  LEADLINE_STATE_DIR: z.string().default(join(import.meta.dirname, '../../../.leadline')),
  /** Who asks, for the audit. */
  LEADLINE_WHO: z.string().max(200).optional(),
  /** `leadline` where npm runs this: how a person types it there. */
  npm_lifecycle_event: z.string().optional(),
});

export type CliConfig = z.output<typeof settings>;

/** @throws ConfigError with all problems at once */
export function readCliConfig(env: Record<string, string | undefined> = process.env): CliConfig {
  return readConfig(settings, env);
}
