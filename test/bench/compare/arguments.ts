import { parseArgs } from 'node:util';
import { z } from 'zod';

/** How much of each is measured. */
export type Sizes = {
  /** Of a burst. */
  leads: number;
  pairs: number;
  warmUp: number;
  /** At 10 a second. */
  paced: number;
  restSeconds: number;
  /** Of one turn of one contender for accepting. */
  acceptSeconds: number;
  /** In the database that is grown; with none of both nothing is grown. */
  oldCalls: number;
  waitingRetries: number;
};

export type BenchArguments = { report: string | undefined; against: string | undefined; sizes: Sizes };

const number = (least: number) => z.coerce.number().int().min(least);
const given = z.object({
  report: z.string().optional(),
  against: z.string().optional(),
  leads: number(1).prefault('1000'),
  pairs: number(1).prefault('3'),
  'warm-up': number(1).prefault('300'),
  paced: number(1).prefault('100'),
  rest: number(1).prefault('30'),
  accept: number(1).prefault('3'),
  'old-calls': number(0).prefault('1000000'),
  'waiting-retries': number(0).prefault('100000'),
});

/**
 * `--report FILE`: where the JSON goes besides stdout. `--against REVISION` compares this tree with that revision, in the
 * sizes that the others name.
 * @throws TypeError or ZodError that names the argument that can't be used
 */
export function readArguments(args: readonly string[]): BenchArguments {
  // pnpm and npm hand a lone `--` through.
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== '--'),
    options: Object.fromEntries(Object.keys(given.shape).map((name) => [name, { type: 'string' as const }])),
  });
  const read = given.parse(values);
  return {
    report: read.report,
    against: read.against,
    sizes: {
      leads: read.leads,
      pairs: read.pairs,
      warmUp: read['warm-up'],
      paced: read.paced,
      restSeconds: read.rest,
      acceptSeconds: read.accept,
      oldCalls: read['old-calls'],
      waitingRetries: read['waiting-retries'],
    },
  };
}
