import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const root = join(import.meta.dirname, '../../..');
const manifest = z.object({ version: z.string() });

/** `0.1.0`, or in an image `0.1.0 (1f3c9ab)`: one version for the whole repository, and the commit that was built. */
export function version(): string {
  const { version: number } = manifest.parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
  const file = join(root, 'revision');
  const revision = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  return revision === '' ? number : `${number} (${revision})`;
}
