import { connectNats } from '@leadline/messaging/connect';
import { provision } from '@leadline/messaging/provision';
import { durables, streams } from '@leadline/messaging/topology';
import { createLogger } from '@leadline/service-kit/logger';
import type { StreamsConfig } from './config.ts';

/** Brings streams and durables up to their definition. Waits for a server that does not run yet. */
export async function makeStreams(config: StreamsConfig, say: (line: string) => void): Promise<void> {
  const nats = await connectNats({
    url: config.NATS_URL,
    user: config.NATS_USER,
    pass: config.NATS_PASS,
    name: 'setup',
    log: createLogger({ service: 'setup', level: 'info' }),
  });
  try {
    await provision(nats, config.NATS_REPLICAS);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`the streams could not be made: ${why}; it takes the user provisioner, and JetStream`, { cause });
  } finally {
    await nats.close();
  }
  say(`Streams are as defined: ${Object.keys(streams).join(', ')}, ${config.NATS_REPLICAS} copies each.`);
  say(`Durables are as defined: ${Object.keys(durables).join(', ')}.`);
}
