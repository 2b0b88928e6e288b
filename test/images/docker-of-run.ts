import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { inject } from 'vitest';
import { z } from 'zod';
import { toDocker, type Docker } from './docker.ts';

/** How long a test file waits for it: stand-ins are made from a distribution's packages where nothing can be pulled. */
export const preparedWithinMs = 1_200_000;

const dockerOfRun = z.object({ program: z.string(), env: z.record(z.string(), z.string()), missing: z.string() });

/** The Docker of this run once it is ready; `missing` says why there is none, and is empty when there is. */
export async function findDocker(): Promise<{ docker: Docker; missing: string }> {
  const file = inject('dockerFile');
  while (!existsSync(file)) await wait(100);
  const { program, env, missing } = dockerOfRun.parse(JSON.parse(readFileSync(file, 'utf8')));
  return { docker: toDocker(program, env), missing };
}
