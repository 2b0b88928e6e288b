import { median } from '../figures.ts';
import { startIngest, startPlain, startRoute, toContender } from '../measure-accepting.ts';
import { raceAccepting, type Contender } from '../race-accepting.ts';
import type { RunningProcess } from '../start-process.ts';
import type { Tree } from '../tree.ts';
import type { Sizes } from './arguments.ts';
import type { Figures, OnceFigures } from './figure-list.ts';
import { fillDatabase } from './fill-database.ts';
import { measureImports } from './measure-imports.ts';
import { measureGrown } from './measure-turn.ts';
import { startGround, type Ground } from './start-ground.ts';

type Say = (line: string) => void;
type Grown = Pick<Figures, 'dispatcherCpuMs' | 'dispatcherBlocks'>;
/** A revision's tree, and what its turns have shown. */
export type Side = { tree: Tree; figures: readonly Figures[] };

/**
 * What is measured once: memory beside bare imports, a burst in a grown database, and leads accepted by both revisions,
 * grown and empty, by our bare route and our plain service, all in one race.
 */
export async function measureOnce(
  sides: { theirs: Side; ours: Side },
  sizes: Sizes,
  say: Say,
): Promise<{ theirs: OnceFigures; ours: OnceFigures }> {
  const stops: (() => Promise<void>)[] = [];
  const ground = async (tree: Tree): Promise<Ground> => {
    const started = await startGround(tree, say);
    stops.push(() => started.stop());
    return started;
  };
  const enter = async (process: Promise<RunningProcess>, stand?: Ground): Promise<Contender> => {
    const started = await process;
    stops.push(() => started.stop());
    return toContender(started, stand);
  };
  try {
    const contenders: Record<string, Contender> = {};
    const grown: Partial<Record<keyof typeof sides, Grown>> = {};
    for (const who of ['theirs', 'ours'] as const) {
      const { tree } = sides[who];
      if (sizes.oldCalls + sizes.waitingRetries > 0) {
        const full = await ground(tree);
        say(`${tree.name}: a database with ${sizes.oldCalls} old calls and ${sizes.waitingRetries} waiting retries`);
        await fillDatabase(full, sizes);
        grown[who] = await measureGrown(tree, full, sizes);
        contenders[`${who}, grown`] = await enter(startIngest(tree, full), full);
      }
      const empty = await ground(tree);
      contenders[who] = await enter(startIngest(tree, empty), empty);
    }
    contenders['plain'] = await enter(startPlain(await ground(sides.ours.tree)));
    contenders['route'] = await enter(startRoute());
    const rates = await raceAccepting(
      contenders,
      { rounds: sizes.pairs, seconds: sizes.acceptSeconds, warmUpSeconds: sizes.acceptSeconds },
      say,
    );
    const perSecond = (name: string): number => rates[name]?.perSecond ?? Number.NaN;
    const toOnce = async (who: keyof typeof sides): Promise<OnceFigures> => {
      const { tree, figures } = sides[who];
      const all = (name: keyof Figures): number => median(figures.map((figure) => figure[name]));
      return {
        residentToImports: all('residentMb') / (await measureImports(tree)),
        acceptToPlain: perSecond(who) / perSecond('plain'),
        acceptToRoute: perSecond(who) / perSecond('route'),
        grownCpu: (grown[who]?.dispatcherCpuMs ?? Number.NaN) / all('dispatcherCpuMs'),
        grownBlocks: (grown[who]?.dispatcherBlocks ?? Number.NaN) / all('dispatcherBlocks'),
        grownAccept: perSecond(who) / perSecond(`${who}, grown`),
      };
    };
    return { theirs: await toOnce('theirs'), ours: await toOnce('ours') };
  } finally {
    for (const stop of stops.toReversed()) await stop();
  }
}
