#!/usr/bin/env bash
# prom-client 15.1.3 (npm) on Node.js 24.21.0 (npm's package node), default metrics.
# Guess beforehand: a process that does not answer for two seconds shows an event loop lag of two seconds at its next scrape,
# as the maximum and as the 99th percentile, whenever the block begins.
# Behaviour: each scrape resets the histogram of both, and Node takes the first tick after a reset only as the time to measure
# from. A block that begins before that tick (10 ms by default, else prom-client's eventLoopMonitoringPrecision) is in neither
# gauge: not at the next scrape, nor later. One that begins after it shows in full.
# So work that a scrape itself wakes, and that blocks the process, is never seen by an alert on the percentile.
# Output: "block right after a scrape: max under 0.2 s, p99 under 0.2 s; 300 ms after it: max over 1.5 s, p99 over 1.5 s", with
# the figures.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund prom-client@15.1.3 node@24.21.0 >/dev/null
cat >look.cjs <<'JS'
const { collectDefaultMetrics, Registry } = require('prom-client');
const { setTimeout: wait } = require('node:timers/promises');
const registry = new Registry();
collectDefaultMetrics({ register: registry });
const scrape = async () => {
  const value = (name) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)[1]);
  const text = await registry.metrics();
  return { max: value('nodejs_eventloop_lag_max_seconds'), p99: value('nodejs_eventloop_lag_p99_seconds') };
};
const block = () => {
  const end = performance.now() + 2_000;
  while (performance.now() < end);
};
const afterBlock = async (pauseMs) => {
  await scrape();
  if (pauseMs > 0) await wait(pauseMs);
  block();
  await wait(100);
  const [one, other] = [await scrape(), await scrape()];
  return { max: Math.max(one.max, other.max), p99: Math.max(one.p99, other.p99) };
};
(async () => {
  await wait(500);
  const right = await afterBlock(0);
  const later = await afterBlock(300);
  const tell = ({ max, p99 }) => `max ${max.toFixed(3)} s, p99 ${p99.toFixed(3)} s`;
  console.log(`block right after a scrape: ${tell(right)}; 300 ms after it: ${tell(later)}`);
  process.exit(Math.max(right.max, right.p99) < 0.2 && Math.min(later.max, later.p99) > 1.5 ? 0 : 1);
})();
JS
./node_modules/.bin/node look.cjs
