import { findNatsServer } from '@leadline/servers/find-nats-server';
import { toNatsConfig } from '@leadline/messaging/to-nats-config';
import { natsUsers, type NatsUser } from '@leadline/messaging/permissions';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster } from './cluster.ts';
import type { Machine } from './machine.ts';

const toolsDir = join(import.meta.dirname, '../../.leadline/tools');
const domain = 'nats-headless.leadline.svc.cluster.local';
// A route to an address of the same machine and the server's own port would be taken for one to itself.
const servers = [0, 1, 2].map((index) => ({
  name: `nats-${index}`,
  address: `192.168.77.${11 + index}`,
  routePort: 6222 + index,
}));

export type NatsLogin = { url: string; user: string; pass: string };

/**
 * Three nats-servers as the official chart runs them in production: named as its pods, each at an address of its own, found
 * by the names of its headless service, clients told of no other server, our users. Answers how each user logs in.
 */
export async function startNatsCluster(cluster: Cluster, machine: Machine): Promise<(user: NatsUser) => NatsLogin> {
  const folder = join(cluster.folder, 'nats');
  mkdirSync(folder);
  const path = await findNatsServer({ toolsDir, say: () => undefined });
  const hosts = servers.flatMap(({ name, address }) => [
    `${address} ${name}.${domain} ${name}.nats-headless`,
    `${address} ${domain}`,
  ]);
  writeFileSync(join(folder, 'hosts'), `127.0.0.1 localhost\n${hosts.join('\n')}\n`);
  await machine.run('mount', '--bind', join(folder, 'hosts'), '/etc/hosts');
  const passwords = Object.fromEntries(natsUsers.map((user) => [user, `test-${user}`])) as Record<NatsUser, string>;
  const routes = servers.map(({ name, routePort }) => `nats://${name}.nats-headless:${routePort}`);
  for (const { name, address, routePort } of servers) {
    await machine.run('ip', 'address', 'add', `${address}/24`, 'dev', 'br0');
    const own = { host: address, port: 4222, monitorPort: 8222, serverName: name, storeDir: join(folder, name) };
    const config = `${toNatsConfig({ ...own, passwords })}
cluster { name: nats, host: ${address}, port: ${routePort}, no_advertise: true, routes: ${JSON.stringify(routes)} }
`;
    const file = join(folder, `${name}.conf`);
    writeFileSync(file, config, { mode: 0o600 });
    cluster.launch(name, path, ['-c', file]);
  }
  const url = servers.map(({ address }) => `nats://${address}:4222`).join(',');
  return (user) => ({ url, user, pass: passwords[user] });
}
