import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { openDocker } from './docker.ts';
import { haveBases } from './images.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where it is written once it is known which Docker this run has: `DockerOfRun` as JSON. */
    dockerFile: string;
  }
}

/** What a program needs to find the Docker of this run; `missing` says why there is none. */
export type DockerOfRun = { program: string; env: Record<string, string>; missing: string };

/**
 * One Docker for the run, with the official images or their stand-ins in it. That may take minutes: other tests run
 * meanwhile.
 */
export function setup(project: TestProject): () => Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'leadline-images-'));
  const file = join(folder, 'docker.json');
  project.provide('dockerFile', file);
  const preparing = prepare().then(({ told, stop }) => {
    writeFileSync(`${file}.new`, JSON.stringify(told), { mode: 0o600 });
    renameSync(`${file}.new`, file);
    return stop;
  });
  return async () => {
    const stop = await preparing;
    await stop();
    rmSync(folder, { recursive: true, force: true });
  };
}

async function prepare(): Promise<{ told: DockerOfRun; stop: () => Promise<void> }> {
  try {
    const docker = await openDocker();
    await haveBases(docker, (line) => process.stderr.write(`${line}\n`)).catch(async (error: unknown) => {
      await docker.stop();
      throw error;
    });
    return { told: { program: docker.program, env: docker.env, missing: '' }, stop: () => docker.stop() };
  } catch (error) {
    const missing = error instanceof Error ? error.message : String(error);
    return { told: { program: '', env: {}, missing }, stop: async () => undefined };
  }
}
