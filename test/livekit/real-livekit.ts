import { freePort } from '@leadline/servers/free-port';
import { endProcess, endWithUs } from '@leadline/servers/reaper';
import { until } from '@leadline/testing/until';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Programs } from './get-programs.ts';

const liveKitKeys = { apiKey: 'test-key', apiSecret: 'test-secret-of-at-least-32-characters' };

export type RealLiveKit = { url: string; apiKey: string; apiSecret: string; stop(): Promise<void> };

/** What `npm run test:livekit` got. */
export function programs(): Programs {
  return JSON.parse(process.env['LEADLINE_LIVEKIT_PROGRAMS'] ?? '{}') as Programs;
}

/** A livekit-server of its own for a test file, without Redis and so without a SIP bridge; it sends webhooks there. */
export async function startRealLiveKit(options: { webhookUrl: string }): Promise<RealLiveKit> {
  const folder = mkdtempSync(join(tmpdir(), 'leadline-livekit-'));
  const [port, tcpPort, udpPort] = [await freePort(), await freePort(), await freePort()];
  const { apiKey, apiSecret } = liveKitKeys;
  const config = {
    port,
    bind_addresses: ['127.0.0.1'],
    keys: { [apiKey]: apiSecret },
    rtc: { tcp_port: tcpPort, udp_port: udpPort, use_external_ip: false, node_ip: '127.0.0.1' },
    webhook: { api_key: apiKey, urls: [options.webhookUrl] },
    logging: { level: 'warn' },
    // A test machine is busy: whether a worker is full is for the worker to say.
    agents: { target_load: 1 },
  };
  const file = join(folder, 'livekit.yaml');
  writeFileSync(file, JSON.stringify(config));
  const child = spawn(programs().server, ['--config', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  endWithUs(child);
  let words = '';
  child.stderr.on('data', (data: Buffer) => (words = `${words}${data.toString()}`.slice(-4_000)));
  const url = `http://127.0.0.1:${port}`;
  await until(
    'livekit-server answers',
    async () => {
      if (child.exitCode !== null) throw new Error(`livekit-server did not start:\n${words}`);
      return fetch(url).then(
        () => true,
        () => false,
      );
    },
    20_000,
  );
  return {
    url,
    ...liveKitKeys,
    async stop() {
      await endProcess(child, 'SIGTERM', 5_000);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
