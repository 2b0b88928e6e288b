import { writeFileSync } from 'node:fs';
import { toAsyncApi } from './to-asyncapi.ts';

// `pnpm --filter @leadline/contracts asyncapi` brings the committed document up to date.
writeFileSync(new URL('../asyncapi.json', import.meta.url), `${JSON.stringify(toAsyncApi(), undefined, 2)}\n`);
