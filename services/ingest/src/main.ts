import { runService } from '@leadline/frame/run-service';
import { readIngestConfig } from './config.ts';
import { start } from './start.ts';

await runService({ service: 'ingest', poolSize: 8, config: () => readIngestConfig(process.env), start });
