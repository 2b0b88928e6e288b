import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// Most of what a short command costs is reading its code: from the second time on that takes half as long. Before the
// first import of ours, therefore.
enableCompileCache(join(import.meta.dirname, '../../../.leadline/compile-cache'));
await import('./run.ts');
