import { freePort } from '@leadline/servers/free-port';
import type { RunningNats } from '@leadline/servers/nats-server';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { GenericContainer, getContainerRuntimeClient, Wait } from 'testcontainers';

const natsImage = 'nats:2-alpine';

/**
 * Starts nats-server in a container, with its store in the same place as `startNatsServer`, so that a later one
 * continues on the same folder. We can see its process on Linux only, where tests freeze it.
 */
export async function startNatsContainer(options: {
  dir: string;
  port?: number;
  config: (at: { host: string; port: number; storeDir: string }) => string;
}): Promise<RunningNats> {
  const port = options.port ?? (await freePort());
  const store = join(options.dir, 'jetstream');
  mkdirSync(store, { recursive: true });
  const content = options.config({ host: '0.0.0.0', port: 4222, storeDir: '/store' });
  const started = await new GenericContainer(natsImage)
    .withCopyContentToContainer([{ content, target: '/etc/leadline.conf' }])
    .withCommand(['nats-server', '--config', '/etc/leadline.conf'])
    .withBindMounts([{ source: store, target: '/store' }])
    // The test run removes the folder.
    .withUser(`${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`)
    .withExposedPorts({ container: 4222, host: port })
    .withWaitStrategy(Wait.forLogMessage(/Server is ready/))
    .start();
  const client = await getContainerRuntimeClient();
  const container = client.container.getById(started.getId());
  const { State } = await container.inspect();
  const exited = container.wait().then(
    () => 'with its container',
    () => 'with its container',
  );
  const remove = async (): Promise<void> => {
    await exited;
    await container.remove({ force: true, v: true }).catch(() => undefined);
  };
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    pid: State.Pid,
    exited,
    async stop() {
      await container.stop({ t: 5 }).catch(() => undefined);
      await remove();
    },
    async kill() {
      await container.kill().catch(() => undefined);
      await remove();
    },
  };
}
