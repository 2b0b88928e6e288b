import { modesDir } from '@leadline/service-kit/shared-settings';
import { readConfig } from '@leadline/service-kit/read-config';
import { join } from 'node:path';
import { z } from 'zod';

export const cliSettings = z.object({
  NATS_URL: z.string().optional().meta({
    goal: 'command',
    description: 'The NATS server. In a clone in which `npm start` runs it is found without this.',
    example: 'nats://nats.example.in:4222',
  }),
  NATS_USER: z
    .string()
    .default('ops')
    .meta({ goal: 'command', description: 'The NATS user of a person who operates Leadline.', example: 'ops-2' }),
  NATS_PASS: z
    .string()
    .optional()
    .meta({ goal: 'command', description: 'The password of that user.', example: 'secret-of-ops' }),
  DISPATCHER_URL: z.url({ message: 'must be an http:// URL' }).optional().meta({
    goal: 'command',
    description: 'The admin port of any dispatcher. The stop switch works there too when NATS is the trouble.',
    example: 'http://dispatcher.example.in:9090',
  }),
  OPS_KEY: z
    .string()
    .optional()
    .meta({ goal: 'command', description: 'The OPS_KEY of that dispatcher.', example: 'a-key-of-the-operators' }),
  LIVEKIT_URL: z.string().optional().meta({
    goal: 'command',
    description: 'LiveKit, for `leadline livekit` and `leadline agent check`.',
    example: 'wss://livekit.example.in',
  }),
  LIVEKIT_API_KEY: z
    .string()
    .optional()
    .meta({ goal: 'command', description: 'The API key of that LiveKit.', example: 'APIexample' }),
  LIVEKIT_API_SECRET: z
    .string()
    .optional()
    .meta({ goal: 'command', description: 'The secret of that key.', example: 'a-secret-of-livekit' }),
  SIP_TRUNK_ID: z.string().optional().meta({
    goal: 'command',
    description: 'The trunk that `leadline livekit doctor` looks for. Without it, it names every trunk.',
    example: 'ST_your_trunk',
  }),
  TRUNK_PASSWORD: z.string().optional().meta({
    goal: 'command',
    description: 'The password of the trunk that `leadline livekit trunk create` makes. Without it a person is asked.',
    example: 'a-password-of-the-provider',
  }),
  AGENT_NAME: z
    .string()
    .default('leadline-agent')
    .meta({ goal: 'command', description: 'The name of the agent’s workers.', example: 'sales-agent-hindi' }),
  LEADLINE_STATE_DIR: z
    .string()
    .default(join(import.meta.dirname, '../../../.leadline'))
    .meta({
      goal: 'command',
      description: 'The folder in which `npm start` of this clone keeps its addresses and keys.',
      example: '/var/tmp/leadline',
    }),
  MODES_DIR: modesDir,
  LEADLINE_WHO: z.string().max(200).optional().meta({
    goal: 'command',
    description: 'Who asks, for the audit. Without it your login on this machine.',
    example: 'asha',
  }),
});

const fromNpm = z.object({
  /** Set to `leadline` when npm runs us; then examples show that form. */
  npm_lifecycle_event: z.string().optional(),
});

export type CliConfig = z.output<typeof cliSettings> & z.output<typeof fromNpm>;

/** @throws ConfigError with all problems at once */
export function readCliConfig(env: Record<string, string | undefined> = process.env): CliConfig {
  return readConfig(z.intersection(cliSettings, fromNpm), env);
}
