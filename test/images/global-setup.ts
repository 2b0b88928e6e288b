import type { TestProject } from 'vitest/node';
import { openDocker } from './docker.ts';
import { haveBases } from './images.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** What a program needs to find the Docker of this run; `missing` says why there is none. */
    docker: { program: string; env: Record<string, string>; missing: string };
  }
}

/** One Docker for the run, with the official images or their stand-ins in it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  try {
    const docker = await openDocker();
    await haveBases(docker, (line) => process.stderr.write(`${line}\n`)).catch(async (error: unknown) => {
      await docker.stop();
      throw error;
    });
    project.provide('docker', { program: docker.program, env: docker.env, missing: '' });
    return () => docker.stop();
  } catch (error) {
    const missing = error instanceof Error ? error.message : String(error);
    project.provide('docker', { program: '', env: {}, missing });
    return async () => undefined;
  }
}
