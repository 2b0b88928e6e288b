import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { everySetting } from './every-setting.ts';
import { toPage } from './to-page.ts';

/** Prints every setting: node deploy/settings/generate.ts */
writeFileSync(join(import.meta.dirname, '../../docs/operate/settings.md'), toPage(everySetting()));
