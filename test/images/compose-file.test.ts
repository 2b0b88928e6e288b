import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const deploy = join(import.meta.dirname, '../../deploy');
/** What the image sets by itself. */
const fixed = new Set(['PORT', 'HOST', 'ADMIN_PORT']);

test.for(['ingest', 'dispatcher', 'call-tracker', 'crm-pusher', 'dashboard'])(
  'every setting of %s can be set in the env file',
  (name) => {
    const file = z
      .object({
        services: z.record(z.string(), z.object({ environment: z.record(z.string(), z.unknown()).optional() })),
      })
      .parse(parse(readFileSync(join(deploy, 'compose.yaml'), 'utf8'), { merge: true }));
    const passed = Object.keys(file.services[name]?.environment ?? {});
    const config = [`services/${name}/src/config.ts`, 'packages/service-kit/src/read-config.ts']
      .map((path) => readFileSync(join(deploy, '..', path), 'utf8'))
      .join('\n');
    const known = [...config.matchAll(/^ {2,4}([A-Z][A-Z0-9_]+):/gm)].map(([, setting = '']) => setting);
    expect(known.length).toBeGreaterThan(2);
    expect(known.filter((setting) => !fixed.has(setting) && !passed.includes(setting))).toEqual([]);
  },
);
