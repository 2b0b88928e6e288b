import type { Program } from '../program.ts';
import { addSourceConnections } from './source-connections.ts';
import { addSourceReplay } from './source-replay.ts';

export function addSources(program: Program): void {
  const sources = program.command('sources').summary('where leads come from');
  addSourceConnections(sources);
  addSourceReplay(sources);
}
