import { beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { Docker } from './docker.ts';
import { findDocker, preparedWithinMs } from './docker-of-run.ts';
import { buildImage, imageNames } from './images.ts';

let docker: Docker;
let missing: string;
beforeAll(async () => {
  ({ docker, missing } = await findDocker());
}, preparedWithinMs);

/** As an operator should run it, and a Kubernetes namespace that is restricted makes him. */
const hardened = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--user', '1000:1000'];

test.concurrent.for(imageNames)(
  'the image of %s runs read-only and without rights, and holds what it needs',
  { timeout: 900_000 },
  async (name, { skip }) => {
    if (missing !== '') return skip(missing);
    const { image } = await buildImage(docker, name);

    const said = await docker(['run', '--rm', ...hardened, '--network', 'none', image, '--version']);
    expect(said).toMatch(/^leadline( \S+)? \d+\.\d+\.\d+ \([0-9a-f]{7,}\)$/m);
    expect(await docker(['image', 'inspect', '--format', '{{.Config.User}}', image])).toBe('1000:1000\n');

    const look = (command: string): Promise<string> =>
      docker(['run', '--rm', ...hardened, '--network', 'none', '--entrypoint', 'sh', image, '-c', command]);
    expect(await look('find /app -writable ! -type l | head')).toBe('');
    expect(await look('find /app/packages /app/services -name "*.test.ts" ! -path "*/node_modules/*" | head')).toBe('');
    expect(
      await look('ls -d /app/packages/testing /app/packages/local /app/node_modules/.pnpm/vitest* 2>/dev/null || true'),
    ).toBe('');
    const bill = z
      .object({ components: z.array(z.object({ name: z.string(), group: z.string().optional() })) })
      .parse(JSON.parse(await look('cat bill-of-materials.cdx.json')));
    expect(bill.components.map((component) => component.name)).toContain('zod');
    expect(bill.components.map((component) => component.name)).not.toContain('vitest');
    // What nobody but the simulator should hold.
    if (name !== 'simulator') expect(await look('ls -d /app/packages/simulator 2>/dev/null || true')).toBe('');
  },
);

test('a service without settings refuses to start and lists them all', async ({ skip }) => {
  if (missing !== '') return skip(missing);
  const { image } = await buildImage(docker, 'ingest');
  await expect(docker(['run', '--rm', ...hardened, image])).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/DATABASE_URL: is not set[\s\S]*NATS_URL: is not set[\s\S]*API_KEYS: is not set/),
  });
}, 900_000);

test('a name that is no service is refused, and said so', async ({ skip }) => {
  if (missing !== '') return skip(missing);
  await expect(buildImage(docker, 'contracts')).rejects.toThrow(/contracts has no src\/main.ts to start/);
}, 900_000);
