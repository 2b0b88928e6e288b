import { cliSettings } from '../../packages/cli/src/config.ts';
import { migrateSettings } from '@leadline/database/config';
import { localSettings } from '@leadline/local/config';
import { simulatorSettings } from '@leadline/simulator/config';
import { z } from 'zod';
import { natsServerSettings, streamsSettings } from '../../packages/setup/src/config.ts';
import { settings as callTracker } from '../../services/call-tracker/src/config.ts';
import { settings as crmPusher } from '../../services/crm-pusher/src/config.ts';
import { settings as dashboard } from '../../services/dashboard/src/config.ts';
import { settings as dispatcher } from '../../services/dispatcher/src/config.ts';
import { settings as ingest } from '../../services/ingest/src/config.ts';

/** The services, in the order in which a lead passes them. */
export const services = ['ingest', 'dispatcher', 'call-tracker', 'crm-pusher', 'dashboard'];

/** The owners of settings: a service, or a command as a person types it. */
export const schemas: Readonly<Record<string, z.ZodObject>> = {
  ingest,
  dispatcher,
  'call-tracker': callTracker,
  'crm-pusher': crmPusher,
  dashboard,
  '`npm run migrate`': migrateSettings,
  '`npm run setup`': streamsSettings,
  '`nats-config`, `nats-users`': natsServerSettings,
  '`leadline`': cliSettings,
  '`npm start`': localSettings,
  simulator: simulatorSettings,
};

const described = z.object({
  goal: z.string().optional(),
  description: z.string().optional(),
  example: z.string().optional(),
  default: z.string().optional(),
  bounds: z.string().optional(),
  enum: z.array(z.string()).optional(),
});

const page = z.object({ properties: z.record(z.string(), described), required: z.array(z.string()).default([]) });

export type Setting = z.infer<typeof described> & { name: string; user: string; required: boolean };

/** Every setting of every service and command, from its schema. */
export function everySetting(): Setting[] {
  return Object.entries(schemas).flatMap(([user, schema]) => {
    const { properties, required } = page.parse(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
    return Object.entries(properties).map(([name, setting]) => ({
      ...setting,
      name,
      user,
      required: required.includes(name),
    }));
  });
}
