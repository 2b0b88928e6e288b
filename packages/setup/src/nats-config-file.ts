import { toNatsConfig, toNatsUsers } from '@leadline/messaging/to-nats-config';
import type { NatsServerConfig } from './config.ts';

const header = '# Made by the setup command from packages/messaging/src/topology.ts; holds passwords.\n';

/** For one server; its monitor listens where its clients come in, and takes no password. */
export function toNatsConfigFile(config: NatsServerConfig): string {
  return (
    header +
    toNatsConfig({
      ...config,
      host: config.NATS_HOST,
      port: config.NATS_PORT,
      monitorPort: config.NATS_MONITOR_PORT,
      storeDir: config.NATS_STORE_DIR,
    })
  );
}

export function toNatsUsersFile(config: NatsServerConfig): string {
  return header + toNatsUsers(config);
}
