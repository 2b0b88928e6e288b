import { addSource } from '@leadline/contracts/commands/sources';
import { ask } from '@leadline/messaging/ask';
import { connectNats, type Nats } from '@leadline/messaging/connect';
import { createLogger } from '@leadline/service-kit/logger';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { RunFile } from './run-file.ts';
import { withoutEmpty } from './start-servers.ts';

/** The key of every simulated vendor; TradeIndia also wants a user and a profile. */
const vendorKey = 'simulated-vendor-key';
const sources = [
  { source: 'indiamart', phone: '1108', name: 'Kavita Rao', product: 'Fly ash brick machine', city: 'Surat' },
  { source: 'justdial', phone: '2116', name: 'Salim Khan', product: 'Tractor service', city: 'Bhopal' },
  { source: 'tradeindia', phone: '2132', name: 'Anil Joshi', product: 'Dona machine', city: 'Jaipur' },
] as const;

const connection = z.object({ id: z.string(), source: z.string(), url: z.string() });
const kept = z.array(connection);

/**
 * Creates one enquiry at each of three simulated marketplaces: two push it to us, and we ask the third. Creates the
 * connections at the first start and finds them again in `file`, which holds their tokens.
 */
export async function sendVendorSamples(run: RunFile, file: string): Promise<void> {
  const nats = await connectNats({
    url: run.nats.url,
    ...withoutEmpty(run.nats.users.ops),
    name: 'npm start',
    log: createLogger({ service: 'npm start', level: 'silent' }),
  });
  try {
    const connections: z.output<typeof kept> = existsSync(file)
      ? kept.parse(JSON.parse(readFileSync(file, 'utf8')))
      : [];
    for (const { source } of sources) {
      if (connections.some((known) => known.source === source)) continue;
      connections.push(await connectVendor(nats, source));
      writeFileSync(file, JSON.stringify(connections), { mode: 0o600 });
    }
    // New numbers and ids at each start, because nobody is called twice within a short time.
    const middle = String(Math.floor(Math.random() * 1_000)).padStart(3, '0');
    for (const { source, phone, ...enquiry } of sources) {
      const url = connections.find((known) => known.source === source)?.url ?? '';
      // Our port may differ from the one in the address of an earlier start.
      if (source !== 'tradeindia')
        await tell(run, 'listeners', { vendor: source, url: `${run.ingest}${new URL(url).pathname}` });
      await tell(run, 'enquiries', {
        vendor: source,
        enquiries: [{ ...enquiry, id: `${Date.now()}${phone}`, phone: `900${middle}${phone}` }],
      });
    }
  } finally {
    await nats.close();
  }
}

async function connectVendor(nats: Nats, source: string): Promise<z.output<typeof connection>> {
  const secret = source === 'tradeindia' ? { secret: `4711:815:${vendorKey}` } : {};
  const { id, url } = await ask(nats, addSource, { who: 'npm start', source, ...secret });
  return { id, source, url };
}

async function tell(run: RunFile, what: string, body: unknown): Promise<void> {
  const answer = await fetch(`${run.simulator.url}/control/vendors/${what}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  if (!answer.ok) throw new Error(`the simulator answered ${answer.status}`);
}
