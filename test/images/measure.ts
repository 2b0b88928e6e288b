import { z } from 'zod';
import { openCompose, type Compose } from './compose.ts';
import { openDocker, type Docker } from './docker.ts';
import { buildImage, haveBases, imageNames } from './images.ts';
import { freePort } from '@leadline/servers/free-port';
import { setTimeout as wait } from 'node:timers/promises';

// npm run images: builds them all and says how large they are, how soon each service is ready, how soon it stops.
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const docker = await openDocker();
try {
  await haveBases(docker, say);
  const base = Number(await docker(['image', 'inspect', '--format', '{{.Size}}', 'node:24-bookworm-slim'])) / 1e6;
  say(`image          MB  of these ours (the base has ${Math.round(base)})`);
  const built = await Promise.all(imageNames.map(async (name) => ({ name, ...(await buildImage(docker, name)) })));
  for (const { name, megabytes } of built)
    say(`${name.padEnd(12)} ${String(megabytes).padStart(4)}  ${Math.round(megabytes - base)}`);
  const env: Record<string, string> = { COMPOSE_PROJECT_NAME: `leadline-measure-${process.pid}` };
  for (const name of ['INGEST', 'CALL_TRACKER', 'DASHBOARD', 'NATS', 'DISPATCHER_ADMIN'])
    env[`${name}_PORT`] = String(await freePort());
  const compose = await openCompose(docker, env);
  try {
    await compose(['up', '--detach', '--wait', '--no-build'], { timeoutMs: 600_000 });
    say('service        stopped after  ready after  (seconds, with docker’s own part)');
    for (const name of ['ingest', 'dispatcher', 'call-tracker', 'crm-pusher', 'dashboard'])
      say(`${name.padEnd(12)} ${await measure(docker, compose, name)}`);
  } finally {
    await compose(['down', '--volumes', '--timeout', '10']);
  }
} finally {
  await docker.stop();
}

/** Stops and starts one, on this machine as it is now. */
async function measure(engine: Docker, compose: Compose, name: string): Promise<string> {
  const id = (await compose(['ps', '--quiet', name])).trim();
  const stopping = performance.now();
  await engine(['stop', '--time', '30', id]);
  const stopped = performance.now();
  await engine(['start', id]);
  const address = (
    await engine(['inspect', '--format', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', id])
  ).trim();
  z.ipv4().parse(address);
  while (!(await isReady(`http://${address}:9090/readyz`))) await wait(10);
  const ready = performance.now();
  const seconds = (ms: number): string => (ms / 1_000).toFixed(2);
  return `${seconds(stopped - stopping).padStart(15)} ${seconds(ready - stopped).padStart(12)}`;
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(1_000) })).ok;
  } catch {
    return false;
  }
}
