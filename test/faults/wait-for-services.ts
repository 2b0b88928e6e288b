import { setTimeout as wait } from 'node:timers/promises';
import { lastWords } from './kept-process.ts';
import type { ServiceName, World } from './world.ts';

/** Every service says that it is ready. @throws Error naming those that are not */
export async function untilReady(world: World, withinMs: number): Promise<number> {
  const since = performance.now();
  for (;;) {
    const late: ServiceName[] = [];
    for (const [name, url] of world.adminUrls) if (!(await isOk(`${url}/readyz`))) late.push(name);
    if (late.length === 0) return performance.now() - since;
    if (performance.now() - since > withinMs) {
      const words = late.map((name) => `${name}: ${lastWords(world.services.get(name)?.logFile ?? '')}`);
      throw new Error(`not ready within ${withinMs} ms:\n${words.join('\n')}`);
    }
    await wait(100);
  }
}

export async function isReadyWithin(world: World, name: ServiceName, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (!(await isOk(`${world.adminUrls.get(name) ?? ''}/readyz`))) {
    if (performance.now() > deadline) return false;
    await wait(100);
  }
  return true;
}

/** @throws Error when it does not answer in time */
export async function untilOk(url: string, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await isOk(url))) {
    if (performance.now() > deadline) throw new Error(`${url} does not answer`);
    await wait(50);
  }
}

async function isOk(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
