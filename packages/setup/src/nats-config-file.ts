import { toNatsConfig, toNatsUsers, type NatsPasswords } from '@leadline/messaging/to-nats-config';
import type { NatsServerConfig } from './config.ts';

const header = '# Made by the setup command from packages/messaging/src/topology/topology.ts; holds passwords.\n';

/** The configuration of one server. Its monitor listens on the same host as clients do, without a password. */
export function toNatsConfigFile(config: NatsServerConfig): string {
  return (
    header +
    toNatsConfig({
      ...toLogins(config),
      host: config.NATS_HOST,
      port: config.NATS_PORT,
      monitorPort: config.NATS_MONITOR_PORT,
      storeDir: config.NATS_STORE_DIR,
    })
  );
}

/**
 * The users for a server that is configured elsewhere and may hold streams already.
 * @throws Error if no setting names the account of these streams: with another account, all streams would begin anew
 */
export function toNatsUsersFile(config: NatsServerConfig): string {
  if (config.servicesAccount === undefined)
    throw new Error(
      'NATS_SERVICES_ACCOUNT is not set: LEADLINE for a new installation, $G where streams were made before agents had an account of their own (docs/operate/operations.md, Upgrade)',
    );
  return header + toNatsUsers(toLogins(config));
}

function toLogins({ passwords, secondPasswords, servicesAccount }: NatsServerConfig): NatsPasswords {
  return { passwords, secondPasswords, ...(servicesAccount === undefined ? {} : { servicesAccount }) };
}
