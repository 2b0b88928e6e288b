import { median } from '../figures.ts';
import { ownTree, type Tree } from '../tree.ts';
import type { Sizes } from './arguments.ts';
import { buildRevision } from './build-revision.ts';
import { compare, isOnce, names, toTable, type Compared, type OnceFigures } from './figure-list.ts';
import { measureOnce } from './measure-once.ts';
import { measureTurn, type Turn } from './measure-turn.ts';
import { startGround } from './start-ground.ts';

export type Comparison = {
  against: string;
  sizes: Sizes;
  figures: Compared[];
  /** Each turn as it was, the other revision's first in each pair. */
  turns: { theirs: Turn; ours: Turn }[];
  once: { theirs: OnceFigures; ours: OnceFigures } | undefined;
  /** What did not come to its end, and why. */
  failed: string[];
};

type Say = (line: string) => void;

/**
 * Measures this tree, as it stands, beside a revision: each turn starts servers and system anew, the other revision's
 * first, then ours, pair by pair. Then once what needs no turns. What fails is told, and takes no other figure with it.
 * @throws Error when the revision can't be built, or no pair came to its end; slowness is a figure and no error
 */
export async function runComparison(revision: string, sizes: Sizes, say: Say): Promise<Comparison> {
  if (process.platform !== 'linux') throw new Error('--against reads CPU and memory from /proc: it needs Linux');
  const theirs = await buildRevision(revision, say);
  const turns: Comparison['turns'] = [];
  const failed: string[] = [];
  const fail = (what: string, error: unknown): void => {
    failed.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    say(`bench: ${failed.at(-1)}`);
  };
  for (let pair = 1; pair <= sizes.pairs; pair++) {
    say(`bench: pair ${pair} of ${sizes.pairs}`);
    try {
      turns.push({ theirs: await takeTurn(theirs, sizes, say), ours: await takeTurn(ownTree, sizes, say) });
    } catch (error) {
      fail(`pair ${pair}`, error);
    }
  }
  if (turns.length === 0) throw new Error(failed.join('\n'));
  const sides = {
    theirs: { tree: theirs, figures: turns.map((turn) => turn.theirs.figures) },
    ours: { tree: ownTree, figures: turns.map((turn) => turn.ours.figures) },
  };
  const once = await measureOnce(sides, sizes, say).catch((error: unknown) => {
    fail('growth and accepting', error);
    return undefined;
  });
  const figures = names.map((name) =>
    isOnce(name)
      ? compare(name, once === undefined ? [] : [{ theirs: once.theirs[name], ours: once.ours[name] }])
      : compare(
          name,
          turns.map((turn) => ({ theirs: turn.theirs.figures[name], ours: turn.ours.figures[name] })),
        ),
  );
  return { against: theirs.name, sizes, figures, turns, once, failed };
}

/** For a person: the figures, who spends CPU and statements, and how much of the load was seen in time. */
export function toComparisonText({ against, figures, turns, failed }: Comparison): string {
  const seen = turns.flatMap(({ theirs, ours }, index) => [
    `  pair ${index + 1}, ${against}: ${toSeen(theirs)}`,
    `  pair ${index + 1}, ${ownTree.name}: ${toSeen(ours)}`,
  ]);
  return [
    '',
    ...toTable(figures, { theirs: against, ours: ownTree.name }),
    '',
    '  CPU, ms a call in the burst',
    ...toBreakdown(turns, 'cpuMs'),
    '',
    '  SQL statements a call in the burst',
    ...toBreakdown(turns, 'statements'),
    '',
    ...seen,
    ...failed.map((what) => `  FAILED: ${what}`),
    '',
  ].join('\n');
}

async function takeTurn(tree: Tree, sizes: Sizes, say: Say): Promise<Turn> {
  const ground = await startGround(tree, say);
  try {
    return await measureTurn(tree, ground, sizes, say);
  } finally {
    await ground.stop();
  }
}

/** Medians of the turns, the dearest first. */
function toBreakdown(turns: Comparison['turns'], of: 'cpuMs' | 'statements'): string[] {
  const all = new Set(turns.flatMap(({ theirs, ours }) => [...Object.keys(theirs[of]), ...Object.keys(ours[of])]));
  return [...all]
    .map((name) => ({
      name,
      theirs: median(turns.map((turn) => turn.theirs[of][name] ?? 0)),
      ours: median(turns.map((turn) => turn.ours[of][name] ?? 0)),
    }))
    .toSorted((a, b) => b.theirs - a.theirs)
    .map(
      ({ name, theirs, ours }) =>
        `  ${name.padEnd(42)}${theirs.toFixed(1).padStart(12)}${ours.toFixed(1).padStart(12)}`,
    );
}

function toSeen({ seen }: Turn): string {
  return `${seen.pacedDialled} of ${seen.pacedSent} dialled in time at the pace, ${seen.burstDialled} of ${seen.burstSent} in the burst; ${seen.burstEnded} calls ended, ${seen.burstPutBack} dials put back`;
}
