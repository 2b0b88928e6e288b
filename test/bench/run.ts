import { writeFileSync } from 'node:fs';
import { readArguments } from './compare/arguments.ts';
import { runComparison, toComparisonText } from './compare/run-comparison.ts';
import { round, type Report } from './figures.ts';
import { measureAccepting, type Accepting } from './measure-accepting.ts';
import { measureClaims, type Claiming } from './measure-claims.ts';
import { measureDialling, type Dialled, type Dialling } from './measure-dialling.ts';
import { measureTail, type Tailing } from './measure-tail.ts';
import { startServers } from './servers.ts';

// `npm run bench [-- --report FILE]`: figures of this machine, to compare with each other and with an earlier run here.
// With `--against REVISION`: this tree's figures beside that revision's, taken in turn.
const say = (line: string): void => console.error(line);
const { report: file, against, sizes } = readArguments(process.argv.slice(2));
if (against === undefined) {
  await measureAlone();
} else {
  const comparison = await runComparison(against, sizes, say);
  say(toComparisonText(comparison));
  tell(comparison);
  if (comparison.failed.length > 0) process.exitCode = 1;
}

function tell(report: unknown): void {
  const json = JSON.stringify(report, null, 2);
  if (file !== undefined) writeFileSync(file, `${json}\n`);
  console.log(json);
}

async function measureAlone(): Promise<void> {
  say('bench: starting Postgres and nats-server');
  const servers = await startServers(say);
  try {
    const accepting = await measureAccepting(servers, say);
    const dialling = await measureDialling(servers, say);
    const claiming = await measureClaims(servers, say);
    const tailing = await measureTail(servers, say);
    const report: Report = {
      ratios: {
        acceptToRoute: round(accepting.ingest.perSecond / accepting.route.perSecond),
        acceptToPlain: round(accepting.ingest.perSecond / accepting.plain.perSecond),
        tailToBare: round(tailing.tail.ms / tailing.bare.ms),
        claimLateToEarly: round(claiming.late / claiming.early),
      },
      endToEndPerSecond: dialling.endToEndPerSecond,
      postToDialMs: dialling.postToDialMs,
      dialled: dialling.dialled,
    };
    say(toTable({ accepting, dialling, claiming, tailing }, report));
    tell(report);
  } finally {
    await servers.stop();
  }
}

type Measured = { accepting: Accepting; dialling: Dialling; claiming: Claiming; tailing: Tailing };

function toTable({ accepting, dialling, claiming, tailing }: Measured, report: Report): string {
  const row = (name: string, figures: Accepting['ingest']): string =>
    `  ${name.padEnd(34)}${figures.perSecond.toFixed(0).padStart(8)}${figures.p50.toFixed(1).padStart(10)}${figures.p99.toFixed(1).padStart(10)}${figures.refused === 0 ? '' : `  ${figures.refused} refused`}`;
  const toSeen = ({ sent, inTime }: Dialled): string => `${inTime} of ${sent}`;
  const steps = Object.entries(dialling.stepsMs).map(([name, ms]) => `${name} ${ms}`);
  return [
    '',
    `  ${'accepting leads'.padEnd(34)}${'a second'.padStart(8)}${'p50 ms'.padStart(10)}${'p99 ms'.padStart(10)}`,
    row('ingest', accepting.ingest),
    row('bare hono + zod route', accepting.route),
    row('plain INSERT and publish', accepting.plain),
    `  ingest is ${report.ratios.acceptToRoute} of the bare route and ${report.ratios.acceptToPlain} times the plain service`,
    '',
    `  end to end, into the dial log: ${dialling.endToEndPerSecond} leads a second`,
    `  POST to dial at 10 leads a second: p50 ${dialling.postToDialMs.p50} ms, p99 ${dialling.postToDialMs.p99} ms`,
    `  of which, medians in ms: ${steps.join(', ')}`,
    `  dialled in time: ${toSeen(dialling.dialled.paced)} at that pace, ${toSeen(dialling.dialled.burst)} in the burst`,
    '',
    `  claim and permit: ${claiming.early.toFixed(1)} ms in the morning, ${claiming.late.toFixed(1)} ms after 50,000 calls: ${report.ratios.claimLateToEarly} times`,
    '',
    `  leadline tail prints 5,000 stored events in ${tailing.tail.ms.toFixed(0)} ms, a bare nats client in ${tailing.bare.ms.toFixed(0)} ms: ${report.ratios.tailToBare} times`,
    '',
  ].join('\n');
}
