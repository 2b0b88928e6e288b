import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toDashboard } from './to-dashboard.ts';

/** Writes the dashboard beside this file: node deploy/grafana/generate.ts */
writeFileSync(join(import.meta.dirname, 'leadline.json'), `${JSON.stringify(toDashboard(), null, 2)}\n`);
