import { readSimulatorConfig } from '@leadline/simulator/config';
import { startSimulator, type Simulator } from '@leadline/simulator/start-simulator';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The simulated marketplaces, which all take this key. Their logs are removed when they stop. */
export async function startVendors(key: string): Promise<Simulator> {
  const folder = mkdtempSync(join(tmpdir(), 'leadline-vendors-'));
  const simulator = await startSimulator(
    readSimulatorConfig({
      LIVEKIT_API_KEY: 'k',
      LIVEKIT_API_SECRET: 's',
      SIP_TRUNK_ID: 'ST',
      CRM_API_KEY: 'key',
      VENDOR_KEY: key,
      PHONE_LOG: join(folder, 'phone.jsonl'),
      CRM_LOG: join(folder, 'crm.jsonl'),
    }),
  );
  return {
    ...simulator,
    async stop() {
      await simulator.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
