import { median, percentile } from './figures.ts';
import { generateLoad, type Load } from './generate-load.ts';
import { anyPhone, leadBody } from './leads.ts';
import { keys } from './servers.ts';

/** Something that takes in leads over HTTP on this port, and how long to wait until what it still does has come to its end. */
export type Contender = { port: number; settled(): Promise<void> };

export type Rate = { perSecond: number; p50: number; p99: number; refused: number };

const connections = 256;

/**
 * Leads accepted a second by each, one after the other under the same load, in several rounds so that what else the machine
 * does falls on all. What is refused is told, and is in no rate.
 */
export async function raceAccepting<Name extends string>(
  contenders: Record<Name, Contender>,
  sizes: { rounds: number; seconds: number; warmUpSeconds: number },
  say: (line: string) => void,
): Promise<Record<Name, Rate>> {
  let n = 0;
  const load = async (who: Name, seconds: number): Promise<Load> => {
    const measured = await generateLoad(
      { port: contenders[who].port, path: '/v1/leads', headers: { authorization: `Bearer ${keys.apiKey}` } },
      { connections, seconds, body: () => leadBody(++n, anyPhone(n)) },
    );
    // What it still has to do would take its time from the next one's turn.
    await contenders[who].settled();
    return measured;
  };
  const order = Object.keys(contenders) as Name[];
  for (const who of order) await load(who, sizes.warmUpSeconds);
  const loads = Object.fromEntries(order.map((who): [string, Load[]] => [who, []])) as Record<Name, Load[]>;
  for (let round = 1; round <= sizes.rounds; round++) {
    for (const who of order) loads[who].push(await load(who, sizes.seconds));
    const rates = order.map((who) => `${who} ${loads[who].at(-1)?.perSecond.toFixed(0)}/s`);
    say(`accepting, round ${round} of ${sizes.rounds}: ${rates.join(', ')}`);
  }
  return Object.fromEntries(order.map((who) => [who, toRate(loads[who])])) as Record<Name, Rate>;
}

function toRate(loads: readonly Load[]): Rate {
  const latenciesMs = loads.flatMap((load) => load.latenciesMs);
  return {
    perSecond: median(loads.map((load) => load.perSecond)),
    p50: percentile(latenciesMs, 0.5),
    p99: percentile(latenciesMs, 0.99),
    refused: loads.reduce((sum, load) => sum + load.refused, 0),
  };
}
