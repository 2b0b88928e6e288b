import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// Most of a short command's time goes into loading its code. From the second run on, this cache halves it. It must come
// before our first import.
enableCompileCache(join(import.meta.dirname, '../../../.leadline/compile-cache'));
await import('./run.ts');
