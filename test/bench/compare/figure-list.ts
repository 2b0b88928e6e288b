import { median } from '../figures.ts';

/** What one revision shows in one turn. A figure that could not be seen is NaN. */
export type Figures = {
  productCpuMs: number;
  phonesPerSecond: number;
  statements: number;
  commits: number;
  fsyncs: number;
  walKb: number;
  natsIn: number;
  natsOut: number;
  natsStored: number;
  lockRoundTrips: number;
  lockRoundTripsInBurst: number;
  lockHeldMs: number;
  dispatcherRoundTrips: number;
  dispatcherCpuMs: number;
  dispatcherBlocks: number;
  postToInviteMs: number;
  restCommitsPerSecond: number;
  restCpuSecondsPerMinute: number;
  residentMb: number;
  dispatcherMb: number;
};

/** What both revisions show once, after all turns. */
export type OnceFigures = {
  residentToImports: number;
  acceptToPlain: number;
  acceptToRoute: number;
  grownCpu: number;
  grownBlocks: number;
  grownAccept: number;
};

export type Name = keyof Figures | keyof OnceFigures;

const once: Record<keyof OnceFigures, true> = {
  residentToImports: true,
  acceptToPlain: true,
  acceptToRoute: true,
  grownCpu: true,
  grownBlocks: true,
  grownAccept: true,
};

export function isOnce(name: Name): name is keyof OnceFigures {
  return name in once;
}

type Row = {
  label: string;
  digits: number;
  /** What counts, the ratio to the other revision or this revision's own figure, and how far it may go. */
  goal?: { of: 'ratio' | 'own'; atMost: number } | { of: 'ratio' | 'own'; atLeast: number };
};

/** In the order of the table. Goals are those that were set against 84bfb0d. */
const rows: Record<Name, Row> = {
  productCpuMs: { label: 'product CPU, ms a call', digits: 1, goal: { of: 'ratio', atMost: 0.35 } },
  phonesPerSecond: { label: 'phones a second in a burst', digits: 1, goal: { of: 'ratio', atLeast: 3 } },
  statements: { label: 'SQL statements a call', digits: 1, goal: { of: 'own', atMost: 70 } },
  commits: { label: 'commits a call', digits: 1, goal: { of: 'own', atMost: 15 } },
  fsyncs: { label: 'fsyncs a call', digits: 1, goal: { of: 'own', atMost: 5 } },
  walKb: { label: 'WAL, KB a call', digits: 1, goal: { of: 'own', atMost: 20 } },
  natsIn: { label: 'NATS messages in, a call', digits: 1 },
  natsOut: { label: 'NATS messages out, a call', digits: 1 },
  natsStored: { label: 'NATS messages stored, a call', digits: 1 },
  lockRoundTrips: { label: 'round trips under the lock, one by one', digits: 1, goal: { of: 'own', atMost: 4 } },
  lockRoundTripsInBurst: { label: 'the same in a burst', digits: 1 },
  lockHeldMs: { label: 'lock held, ms a call', digits: 1 },
  dispatcherRoundTrips: { label: 'all round trips of the dispatcher', digits: 1 },
  dispatcherCpuMs: { label: 'dispatcher and its Postgres, ms a call', digits: 1 },
  dispatcherBlocks: { label: 'blocks its statements read, a call', digits: 0 },
  postToInviteMs: { label: 'POST to INVITE p50 at 10/s, ms', digits: 0, goal: { of: 'own', atMost: 25 } },
  acceptToPlain: { label: 'accepted ÷ plain service', digits: 2, goal: { of: 'own', atLeast: 2.7 } },
  acceptToRoute: { label: 'accepted ÷ bare route', digits: 2, goal: { of: 'own', atLeast: 0.3 } },
  restCommitsPerSecond: { label: 'commits a second at rest', digits: 1, goal: { of: 'own', atMost: 4 } },
  restCpuSecondsPerMinute: { label: 'node CPU at rest, s a minute', digits: 2, goal: { of: 'own', atMost: 1.5 } },
  residentMb: { label: 'resident, four services, MB', digits: 0 },
  residentToImports: { label: 'resident ÷ bare imports', digits: 2, goal: { of: 'own', atMost: 1.2 } },
  dispatcherMb: { label: 'resident, dispatcher, MB', digits: 0, goal: { of: 'own', atMost: 150 } },
  grownCpu: { label: 'dispatcher CPU, grown ÷ empty', digits: 2, goal: { of: 'own', atMost: 1.2 } },
  grownBlocks: { label: 'blocks read, grown ÷ empty', digits: 2 },
  grownAccept: { label: 'ms an accepted lead, grown ÷ empty', digits: 2, goal: { of: 'own', atMost: 1.2 } },
};

export const names = Object.keys(rows) as Name[];

/** One revision's figure and the other's, and how they compare. */
export type Compared = {
  name: Name;
  theirs: number;
  ours: number;
  ratio: number;
  /** `undefined` where no goal was set. NaN meets none. */
  met: boolean | undefined;
};

/**
 * A figure of all pairs of turns: the median of each revision, and the median of the pairs' own ratios, for what else the
 * machine did fell on both turns of a pair. Pairs in which either was not seen are left out.
 */
export function compare(name: Name, pairs: readonly { theirs: number; ours: number }[]): Compared {
  const seen = pairs.filter(({ theirs, ours }) => Number.isFinite(theirs) && Number.isFinite(ours));
  const ours = median(seen.map((pair) => pair.ours));
  const ratio = median(seen.map((pair) => pair.ours / pair.theirs));
  const { goal } = rows[name];
  let met: boolean | undefined;
  if (goal !== undefined) {
    const value = goal.of === 'ratio' ? ratio : ours;
    met = 'atMost' in goal ? value <= goal.atMost : value >= goal.atLeast;
  }
  return { name, theirs: median(seen.map((pair) => pair.theirs)), ours, ratio, met };
}

/** The figures as text, one line each. */
export function toTable(all: readonly Compared[], heads: { theirs: string; ours: string }): string[] {
  const line = (cells: readonly [string, string, string, string, string]): string =>
    `  ${cells[0].padEnd(42)}${cells[1].padStart(12)}${cells[2].padStart(12)}${cells[3].padStart(8)}  ${cells[4]}`.trimEnd();
  return [
    line(['', heads.theirs, heads.ours, 'ratio', 'goal']),
    ...all.map(({ name, theirs, ours, ratio, met }) => {
      const { label, digits, goal } = rows[name];
      const bound = goal === undefined ? '' : 'atMost' in goal ? `≤ ${goal.atMost}` : `≥ ${goal.atLeast}`;
      const mark = met === undefined ? '' : `${goal?.of === 'ratio' ? 'ratio ' : ''}${bound}${met ? ', met' : ''}`;
      return line([label, toText(theirs, digits), toText(ours, digits), toText(ratio, 2), mark]);
    }),
  ];
}

function toText(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '–';
}
