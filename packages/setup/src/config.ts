import { natsUsers, servicesAccounts, type NatsUser, type ServicesAccount } from '@leadline/messaging/permissions';
import { integer, readConfig } from '@leadline/service-kit/read-config';
import { commonSettings } from '@leadline/service-kit/shared-settings';
import { z } from 'zod';

export const streamsSettings = z.object({
  NATS_URL: commonSettings.NATS_URL,
  NATS_USER: z.string().optional().meta({
    goal: 'setup',
    description: 'The NATS user `provisioner`. Without it the command logs in to a server that has no users.',
    example: 'provisioner',
  }),
  NATS_PASS: commonSettings.NATS_PASS,
  NATS_REPLICAS: integer(1, 5).prefault('1').meta({
    goal: 'setup',
    description: 'The copies of each stream: 1, or 3 in a cluster of three servers.',
    example: '3',
  }),
});

export type StreamsConfig = z.output<typeof streamsSettings>;

/** @throws ConfigError with all problems at once */
export function readStreamsConfig(env: Record<string, string | undefined>): StreamsConfig {
  return readConfig(streamsSettings, env);
}

const secret = z.string().min(8, 'must have at least 8 characters');
const passwordOf = (user: NatsUser): string => `LEADLINE_NATS_PASSWORD_${user.replace('-', '_').toUpperCase()}`;

const server = z.object({
  NATS_HOST: z.string().default('0.0.0.0').meta({
    goal: 'setup',
    description: 'The address on which the nats-server listens whose configuration is printed.',
    example: '10.0.0.5',
  }),
  NATS_PORT: integer(1, 65_535)
    .prefault('4222')
    .meta({ goal: 'setup', description: 'The port of its clients.', example: '14222' }),
  NATS_MONITOR_PORT: integer(1, 65_535)
    .prefault('8222')
    .meta({ goal: 'setup', description: 'The port of its monitor.', example: '18222' }),
  NATS_STORE_DIR: z
    .string()
    .default('/data/jetstream')
    .meta({ goal: 'setup', description: 'The folder of its streams.', example: '/var/lib/nats' }),
  NATS_SERVICES_ACCOUNT: z.enum(servicesAccounts).optional().meta({
    goal: 'setup',
    description:
      'The NATS account of the streams: `LEADLINE`, or `$G` where they were created before agents had an account of their own ([upgrade](operations.md#upgrade)). `nats-config` takes LEADLINE without it; `nats-users` needs it.',
    example: 'LEADLINE',
  }),
});
const firstLogin = secret.meta({
  goal: 'setup',
  description: 'The password of the NATS user of that name; 8 characters or more.',
  example: 'secret-of-that-user',
});
const secondLogin = secret.optional().meta({
  goal: 'setup',
  description: 'Gives that user a second login, `<user>-2`, while you change passwords.',
  example: 'next-secret-of-that-user',
});
const logins = Object.fromEntries(
  natsUsers.flatMap((user): [string, z.ZodType<string | undefined>][] => [
    [passwordOf(user), firstLogin],
    [`${passwordOf(user)}_2`, secondLogin],
  ]),
);

export const natsServerSettings = z.object({ ...server.shape, ...logins });

export type NatsServerConfig = Omit<z.output<typeof server>, 'NATS_SERVICES_ACCOUNT'> & {
  servicesAccount: ServicesAccount | undefined;
  passwords: Record<NatsUser, string>;
  secondPasswords: Partial<Record<NatsUser, string>>;
};

/**
 * LEADLINE_NATS_PASSWORD_<USER> for every user. …_<USER>_2 gives a user a second login, `<user>-2`, for changing
 * passwords.
 * @throws ConfigError with all problems at once
 */
export function readNatsServerConfig(env: Record<string, string | undefined>): NatsServerConfig {
  const { NATS_HOST, NATS_PORT, NATS_MONITOR_PORT, NATS_STORE_DIR, NATS_SERVICES_ACCOUNT, ...given } = readConfig(
    z.intersection(server, z.object(logins)),
    env,
  );
  const each = (suffix: string): [string, string | undefined][] =>
    natsUsers.map((user) => [user, given[`${passwordOf(user)}${suffix}`]]);
  return {
    NATS_HOST,
    NATS_PORT,
    NATS_MONITOR_PORT,
    NATS_STORE_DIR,
    servicesAccount: NATS_SERVICES_ACCOUNT,
    passwords: z.record(z.enum(natsUsers), z.string()).parse(Object.fromEntries(each(''))),
    secondPasswords: z
      .partialRecord(z.enum(natsUsers), z.string())
      .parse(Object.fromEntries(each('_2').filter(([, password]) => password !== undefined))),
  };
}
