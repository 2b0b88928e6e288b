import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withTables } from './to-tables.ts';

/** Prints the tables of events and commands: node deploy/subjects/generate.ts */
const page = join(import.meta.dirname, '../../docs/understand/architecture.md');
writeFileSync(page, withTables(readFileSync(page, 'utf8')));
