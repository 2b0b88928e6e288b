import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { median } from '../figures.ts';
import { generateLoad } from '../generate-load.ts';
import { anyPhone, leadBody } from '../leads.ts';
import { keys } from '../servers.ts';

/** An intake and a worker that are to pass the same leads on. */
export type Racer = {
  intakePort: number;
  /** Answers `GET /claimed` with how many it has claimed since it began. */
  workerPort: number;
  /** Ends what a round has left behind; called after each. */
  endRound(): Promise<void>;
};

export type Claims = {
  /** From the first POST until the last was accepted, and until the last was claimed. */
  acceptedPerSecond: number;
  claimedPerSecond: number;
  /** Over all rounds. */
  sent: number;
  claimedInTime: number;
  refused: number;
};

export type ClaimSizes = { rounds: number; leads: number; warmUp: number };

const connections = 64;
const patienceMs = 60_000;
const claimedAnswer = z.object({ claimed: z.number() });

/**
 * The same leads through each, one after the other, in several rounds: medians of the rounds. A round ends when all are
 * claimed or after a minute; what was not claimed by then is told.
 */
export async function raceClaims(
  racers: Record<string, Racer>,
  sizes: ClaimSizes,
  say: (line: string) => void,
): Promise<Record<string, Claims>> {
  let n = 0;
  type Round = { acceptMs: number; claimMs: number; sent: number; claimed: number; refused: number };
  const runRound = async (racer: Racer, leads: number): Promise<Round> => {
    const before = await readClaimed(racer);
    const began = performance.now();
    const load = await generateLoad(
      { port: racer.intakePort, path: '/v1/leads', headers: { authorization: `Bearer ${keys.apiKey}` } },
      { connections, seconds: patienceMs / 1_000, requests: leads, body: () => leadBody(++n, anyPhone(n)) },
    );
    const acceptMs = performance.now() - began;
    const sent = load.latenciesMs.length;
    let claimed = 0;
    for (;;) {
      claimed = (await readClaimed(racer)) - before;
      if (claimed >= sent || performance.now() - began > patienceMs) break;
      await wait(10);
    }
    const claimMs = performance.now() - began;
    await racer.endRound();
    return { acceptMs, claimMs, sent, claimed, refused: load.refused };
  };

  const names = Object.keys(racers);
  const rounds = new Map<string, Round[]>(names.map((name) => [name, []]));
  for (const racer of Object.values(racers)) await runRound(racer, sizes.warmUp);
  for (let round = 1; round <= sizes.rounds; round++) {
    for (const [name, racer] of Object.entries(racers)) {
      const result = await runRound(racer, sizes.leads);
      rounds.get(name)?.push(result);
      say(
        `round ${round} of ${sizes.rounds}, ${name}: ${result.claimed} of ${result.sent} claimed in ${result.claimMs.toFixed(0)} ms`,
      );
    }
  }
  return Object.fromEntries(
    [...rounds].map(([name, all]): [string, Claims] => [
      name,
      {
        acceptedPerSecond: median(all.map((result) => (result.sent * 1_000) / result.acceptMs)),
        claimedPerSecond: median(all.map((result) => (result.claimed * 1_000) / result.claimMs)),
        sent: all.reduce((sum, result) => sum + result.sent, 0),
        claimedInTime: all.reduce((sum, result) => sum + result.claimed, 0),
        refused: all.reduce((sum, result) => sum + result.refused, 0),
      },
    ]),
  );
}

async function readClaimed({ workerPort }: Racer): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${workerPort}/claimed`);
  return claimedAnswer.parse(await answer.json()).claimed;
}
