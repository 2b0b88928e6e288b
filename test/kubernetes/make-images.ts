import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openDocker } from '../images/docker.ts';
import { buildImage, haveBases } from '../images/images.ts';

const run = promisify(execFile);
const ours = ['setup', 'ingest', 'dispatcher', 'call-tracker', 'crm-pusher', 'dashboard', 'simulator'];

/** What a pod's sandbox is, in place of the pause image. */
export const sandboxImage = 'leadline-test/sandbox:1';

/**
 * Builds the product's images with Docker, as they ship, and writes them into one archive that a container runtime takes.
 * @throws Error with one line on what is missing
 */
export async function makeImages(folder: string, say: (line: string) => void): Promise<string> {
  const archive = join(folder, 'images.tar');
  if (existsSync(archive)) return archive;
  const docker = await openDocker();
  try {
    await haveBases(docker, say);
    for (const name of ours) {
      const { image, megabytes } = await buildImage(docker, name);
      say(`${image}: ${megabytes} MB`);
    }
    const file = join(folder, 'sandbox.Dockerfile');
    writeFileSync(file, 'FROM nats:2-alpine\nENTRYPOINT ["sleep", "infinity"]\n');
    await docker(['build', '--tag', sandboxImage, '--file', file, folder]);
    const all = [...ours.map((name) => `leadline/${name}:dev`), 'nats:2-alpine', 'postgres:18', sandboxImage];
    const env = { ...process.env, ...docker.env };
    await run(docker.program, ['save', '--output', archive, ...all], { env, timeout: 300_000 });
    return archive;
  } finally {
    await docker.stop();
  }
}
