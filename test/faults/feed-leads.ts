import { setTimeout as wait } from 'node:timers/promises';
import type { Random } from './random.ts';
import type { World } from './world.ts';

/** What a source knows of one of its leads: what it sent, and what it was told. */
export type Posted = {
  sourceLeadId: string;
  phone: string;
  /** The id of each 202. */
  ids: number[];
  /** When each was told, ms since 1970. */
  toldAt: number[];
  refused: number[];
};

export const canary = { name: 'Kanaaripakshi', email: 'kanaari.pakshi@example.com' };

/** Endings of numbers, as often as they shall come: the last three digits choose what happens. */
const endings: readonly (readonly [ending: string, weight: number])[] = [
  ['2042', 30],
  ['3042', 25],
  ['2486', 8],
  ['2603', 3],
  ['2480', 3],
  ['2408', 1],
  ['2404', 1],
  ['2503', 1],
  ['2180', 5],
  ['2201', 4],
  ['2204', 3],
  // Only since there is `agent.answered_by`: a version before it takes that for poison.
  ['2211', 3],
  ['2213', 2],
  ['2214', 1],
  ['2216', 2],
  ['2217', 2],
  ['2222', 2],
  ['2233', 3],
  // The agent is lost in mid-talk, and another one takes over: killed, its line cut, its job ended.
  ['2234', 3],
  ['2235', 1],
  ['2236', 1],
  ['2244', 3],
  ['2255', 8],
  // Those who name a time: busy, after a talk, and who then wish never to be called.
  ['2266', 6],
  ['2277', 5],
  ['2299', 5],
];
export const allEndings = endings.flatMap(([ending, weight]) => Array.from({ length: weight }, () => ending));
const reportsAnswerer = ['2211', '2213', '2214'];
/** Numbers that end so name a time at which to be called. */
export const asksForCallback = ['2266', '2277', '2299'];
const saysNothing = '2217';
/** What a version can be given that knows neither these reports nor which words are no answers. */
export const olderEndings = allEndings.filter(
  (ending) => ![...reportsAnswerer, ...asksForCallback, saysNothing].includes(ending),
);
/** Answered, talked with and hung up within a second or two. */
export const shortCalls = ['2042', '3042'];

/**
 * POSTs leads as sources do: each again until it is taken, some again although it was, a few numbers twice under other
 * ids. With `maxWaiting` they hold back while more leads than that are not called yet, so that a slow machine is given
 * what it can do. Resolves when every lead is taken.
 */
export async function feedLeads(
  world: World,
  options: {
    leads: number;
    perSecond: number;
    random: Random;
    from?: number;
    uniqueNumbers?: boolean;
    maxWaiting?: number | undefined;
    /** Each lead is put here as it is sent. */
    posted?: Posted[];
    endings?: readonly string[];
  },
): Promise<Posted[]> {
  const { random, maxWaiting, posted = [] } = options;
  const waiting = maxWaiting === undefined ? undefined : watchWaiting(world);
  const sending: Promise<void>[] = [];
  const first = options.from ?? 0;
  for (let n = first; n < first + options.leads; n++) {
    // Two leads with one number at about the same time, of those that are soon told: one waits for the other's end. A buyer
    // who asks in both to be called back is promised two calls.
    const told = posted.slice(-12).filter(({ phone }) => /[23]042$|486$|22(?:66|77)$/.test(phone));
    const before =
      options.uniqueNumbers !== true && told.length > 3 && random.chance(0.12) ? random.pick(told) : undefined;
    const phone = before?.phone ?? `+919${String(n).padStart(5, '0')}${random.pick(options.endings ?? allEndings)}`;
    const lead: Posted = { sourceLeadId: `lead-${n}`, phone, ids: [], toldAt: [], refused: [] };
    posted.push(lead);
    const twice = random.chance(0.05);
    const key = random.chance(0.3);
    sending.push(
      (async () => {
        await post(world, lead, key);
        if (twice) await post(world, lead, key);
      })(),
    );
    do await wait(1_000 / options.perSecond);
    while (waiting !== undefined && maxWaiting !== undefined && waiting.leads() > maxWaiting);
  }
  waiting?.stop();
  await Promise.all(sending);
  return posted;
}

/** How many leads are not called yet, as of the last second in which Postgres answered. */
function watchWaiting(world: World): { leads(): number; stop(): void } {
  let [leads, asking] = [0, false];
  const look = async (): Promise<void> => {
    if (asking) return;
    asking = true;
    const [row] = await world
      .query<{ waiting: number }>(`select count(*)::int as waiting from leads where status = 'new'`)
      .catch(() => []);
    asking = false;
    leads = row?.waiting ?? leads;
  };
  const looking = setInterval(() => void look(), 1_000);
  return { leads: () => leads, stop: () => clearInterval(looking) };
}

function post(world: World, posted: Posted, key: boolean): Promise<void> {
  const { phone, sourceLeadId } = posted;
  const lead = { ...canary, phone, productName: 'Paper cup machine', sourceLeadId };
  return postLead(world, world.ingestUrl, posted, { lead, key });
}

/** Again and again until it is taken or refused for good; what was answered is noted. `key`: with an Idempotency-Key too. */
export async function postLead(
  world: World,
  url: string,
  posted: Posted,
  { lead, key }: { lead: object; key: boolean },
): Promise<void> {
  for (;;) {
    try {
      const response = await fetch(`${url}/v1/leads`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${world.apiKey}`,
          ...(key ? { 'idempotency-key': posted.sourceLeadId } : {}),
        },
        body: JSON.stringify(lead),
        signal: AbortSignal.timeout(10_000),
      });
      const answer: unknown = await response.json();
      if (response.status === 202 && typeof answer === 'object' && answer !== null && 'id' in answer) {
        posted.ids.push(Number(answer.id));
        posted.toldAt.push(Date.now());
        return;
      }
      if (response.status < 500) {
        posted.refused.push(response.status);
        return;
      }
    } catch {
      // Refused or cut off: whether it was taken is not known, so it is sent again.
    }
    await wait(300);
  }
}
