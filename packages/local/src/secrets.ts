import { services } from '@leadline/contracts/services';
import { natsUsers } from '@leadline/messaging/permissions';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';

const roles = z.record(z.enum(services.map(({ key }) => key)), z.string());

const secrets = z.object({
  postgres: z.string(),
  roles,
  nats: z.record(z.enum(natsUsers), z.string()),
  /** The key of the source `website` on POST /v1/leads. */
  apiKey: z.string(),
  agentKey: z.string(),
  opsKey: z.string(),
  liveKitKey: z.string(),
  liveKitSecret: z.string(),
  crmKey: z.string(),
  /** The passwords of the dashboard's two users, by role. */
  dashboard: z.object({ viewer: z.string(), operator: z.string() }),
});

export type Secrets = z.infer<typeof secrets>;

/**
 * This folder's passwords and keys, created at the first start and kept, because the cluster and the streams depend on
 * them. Adds what an earlier version's folder lacks.
 */
export function loadSecrets(file: string): Secrets {
  const kept: unknown = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  const whole = secrets.parse({ ...makeSecrets(), ...z.looseObject({}).parse(kept) });
  writeFileSync(file, `${JSON.stringify(whole, null, 2)}\n`, { mode: 0o600 });
  return whole;
}

function makeSecrets(): Secrets {
  const random = (): string => randomBytes(18).toString('hex');
  return {
    postgres: random(),
    roles: roles.parse(Object.fromEntries(services.map(({ key }) => [key, random()]))),
    nats: z.record(z.enum(natsUsers), z.string()).parse(Object.fromEntries(natsUsers.map((user) => [user, random()]))),
    apiKey: `key-${random()}`,
    agentKey: `agent-${random()}`,
    opsKey: `ops-${random()}`,
    liveKitKey: 'APIsimulated',
    liveKitSecret: random(),
    crmKey: random(),
    dashboard: { viewer: random(), operator: random() },
  };
}
