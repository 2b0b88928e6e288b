import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** A checkout of Leadline with its packages installed. Its programs are started by their path in it. */
export type Tree = { name: string; folder: string };

export const ownTree: Tree = { name: 'this tree', folder: join(import.meta.dirname, '../..') };

export function programOf(tree: Tree, path: string): URL {
  return pathToFileURL(join(tree.folder, path));
}
