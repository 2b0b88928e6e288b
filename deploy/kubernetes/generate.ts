import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toGenerated } from './to-generated.ts';

// Writes the parts of the manifests that come from code. A test fails when it has to run again.
const text = (path: string): string => readFileSync(join(import.meta.dirname, '..', path), 'utf8');
const from = { alertRules: text('alerts/leadline.rules.yaml'), dashboard: text('grafana/leadline.json') };
for (const [path, made] of Object.entries(toGenerated(from))) writeFileSync(join(import.meta.dirname, path), made);
