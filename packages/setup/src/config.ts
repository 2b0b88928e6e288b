import { natsUsers, servicesAccounts, type NatsUser, type ServicesAccount } from '@leadline/messaging/topology';
import { integer, readConfig } from '@leadline/service-kit/read-config';
import { z } from 'zod';

const streams = z.object({
  NATS_URL: z.string(),
  NATS_USER: z.string().optional(),
  NATS_PASS: z.string().optional(),
  /** Copies of each stream: 1, or 3 in a cluster of three servers. */
  NATS_REPLICAS: integer(1, 5).prefault('1'),
});

export type StreamsConfig = z.output<typeof streams>;

/** @throws ConfigError with all problems at once */
export function readStreamsConfig(env: Record<string, string | undefined>): StreamsConfig {
  return readConfig(streams, env);
}

const secret = z.string().min(8, 'must have at least 8 characters');
const passwordOf = (user: NatsUser): string => `LEADLINE_NATS_PASSWORD_${user.replace('-', '_').toUpperCase()}`;

const server = z.object({
  NATS_HOST: z.string().default('0.0.0.0'),
  NATS_PORT: integer(1, 65_535).prefault('4222'),
  NATS_MONITOR_PORT: integer(1, 65_535).prefault('8222'),
  NATS_STORE_DIR: z.string().default('/data/jetstream'),
  /** Where the streams are: `$G` where they were made before agents had an account of their own. */
  NATS_SERVICES_ACCOUNT: z.enum(servicesAccounts).optional(),
});
const logins = z.object(
  Object.fromEntries(
    natsUsers.flatMap((user): [string, z.ZodType<string | undefined>][] => [
      [passwordOf(user), secret],
      [`${passwordOf(user)}_2`, secret.optional()],
    ]),
  ),
);

export type NatsServerConfig = Omit<z.output<typeof server>, 'NATS_SERVICES_ACCOUNT'> & {
  servicesAccount: ServicesAccount | undefined;
  passwords: Record<NatsUser, string>;
  secondPasswords: Partial<Record<NatsUser, string>>;
};

/**
 * LEADLINE_NATS_PASSWORD_<USER> for every user; …_<USER>_2 gives one a second login, `<user>-2`, while passwords are
 * changed.
 * @throws ConfigError with all problems at once
 */
export function readNatsServerConfig(env: Record<string, string | undefined>): NatsServerConfig {
  const { NATS_HOST, NATS_PORT, NATS_MONITOR_PORT, NATS_STORE_DIR, NATS_SERVICES_ACCOUNT, ...given } = readConfig(
    z.intersection(server, logins),
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
