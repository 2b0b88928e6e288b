import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { toGenerated } from '../../deploy/kubernetes/to-generated.ts';

const deploy = join(import.meta.dirname, '../../deploy');
const text = (path: string): string => readFileSync(join(deploy, path), 'utf8');

test('the manifests hold what code says: run node deploy/kubernetes/generate.ts when they do not', () => {
  const generated = toGenerated({
    alertRules: text('alerts/leadline.rules.yaml'),
    dashboard: text('grafana/leadline.json'),
  });
  for (const [path, wanted] of Object.entries(generated)) expect(text(`kubernetes/${path}`)).toBe(wanted);
});
