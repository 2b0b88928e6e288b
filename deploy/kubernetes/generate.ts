import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toGenerated } from './to-generated.ts';

// Writes what the manifests take from code. A test says when it is to be run again.
const text = (path: string): string => readFileSync(join(import.meta.dirname, '..', path), 'utf8');
const from = { alertRules: text('alerts/leadline.rules.yaml'), dashboard: text('grafana/leadline.json') };
for (const [path, made] of Object.entries(toGenerated(from))) writeFileSync(join(import.meta.dirname, path), made);
