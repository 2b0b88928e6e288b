import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { round } from './figures.ts';
import { measureDashboard } from './measure-dashboard.ts';
import { startServers } from './servers.ts';

// `npm run bench:dashboard [-- --calls 10000000 --report FILE]`: what the dashboard's pages take with that many calls,
// beside what they take with a tenth and a hundredth of them; and how its read model is built from those two. Ten million
// need 5 GB of disk.
const { values } = parseArgs({
  args: process.argv.slice(2).filter((word) => word !== '--'),
  options: { calls: { type: 'string', default: '10000000' }, report: { type: 'string' } },
});
const calls = Number(values.calls);
if (!Number.isSafeInteger(calls) || calls < 10_000)
  throw new TypeError('--calls must be a whole number of 10000 or more');

const say = (line: string): void => console.error(line);
const servers = await startServers(say);
try {
  const sizes = [calls / 100, calls / 10, calls].map(Math.round);
  const { pages, rebuilds } = await measureDashboard(servers, { sizes, builtUpTo: calls / 10 }, say);
  const [few, many] = [pages.at(0), pages.at(-1)];
  const [less, more] = rebuilds;
  const report = {
    ratios: {
      today: round((many?.todayMs ?? Number.NaN) / (few?.todayMs ?? Number.NaN)),
      minutes: round((many?.minutesMs ?? Number.NaN) / (few?.minutesMs ?? Number.NaN)),
      rebuildMemory: round((more?.peakMb ?? Number.NaN) / (less?.peakMb ?? Number.NaN)),
    },
    pages,
    rebuilds,
  };
  const json = JSON.stringify(report, null, 2);
  if (values.report !== undefined) writeFileSync(values.report, `${json}\n`);
  console.log(json);
} finally {
  await servers.stop();
}
