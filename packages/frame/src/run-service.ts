import { openDatabase, type Plans } from '@leadline/database/open-database';
import { connectNats, type Nats } from '@leadline/messaging/connect';
import type { Log } from '@leadline/service-kit/logger';
import { runProcess, type RunningService } from '@leadline/service-kit/run-process';
import type { Servers } from './open-frame.ts';

type Settings = Parameters<typeof runProcess>[0]['config'] extends () => infer C ? C : never;
type Connections = Settings & {
  DATABASE_URL: string;
  NATS_URL: string;
  NATS_USER?: string | undefined;
  NATS_PASS?: string | undefined;
};

/** Opens another connection to the same NATS as another user. It closes with the first one. */
export type ConnectAs = (user: string, pass: string | undefined) => Promise<Nats>;

/** Runs a service as a process: opens its servers, starts it, and closes them after it stops. */
export async function runService<C extends Connections>(options: {
  service: string;
  config: () => C;
  /** Connections to Postgres. */
  poolSize?: number;
  /** See `openDatabase`. */
  plans?: Plans;
  start: (config: C, servers: Servers & { connectAs: ConnectAs }) => Promise<RunningService>;
}): Promise<void> {
  const { service } = options;
  await runProcess({
    service,
    config: options.config,
    async start(config: C, log: Log) {
      const postgres = await openDatabase({
        url: config.DATABASE_URL,
        name: service,
        poolSize: options.poolSize,
        plans: options.plans,
      });
      const connections: Nats[] = [];
      const connectAs = async (user: string | undefined, pass: string | undefined): Promise<Nats> => {
        const connection = await connectNats({ url: config.NATS_URL, user, pass, name: service, log });
        connections.push(connection);
        return connection;
      };
      const nats = await connectAs(config.NATS_USER, config.NATS_PASS);
      const running = await options.start(config, { postgres, nats, log, connectAs });
      return {
        done: running.done,
        async stop() {
          await running.stop();
          await Promise.all(connections.map((connection) => connection.close()));
          await postgres.close();
        },
      };
    },
  });
}
