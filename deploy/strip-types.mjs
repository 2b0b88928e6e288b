// Takes the types out of all TypeScript below a folder, when an image is built: `x.ts` becomes `x.js`, and its old name a
// link to that. Node follows the link before it looks at the extension, so every import, command and export stays as it is
// written, and no process loads the compiler that strips types (17 MB). Lines and columns stay: types become spaces.
// node deploy/strip-types.mjs FOLDER
import { readdirSync, readFileSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { basename, join } from 'node:path';

process.removeAllListeners('warning');

/** @param {string} folder */
function strip(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && entry.name !== 'node_modules') strip(path);
    if (!entry.isFile() || !entry.name.endsWith('.ts') || entry.name.endsWith('.d.ts')) continue;
    const script = path.replace(/\.ts$/, '.js');
    writeFileSync(script, stripTypeScriptTypes(readFileSync(path, 'utf8')), { flag: 'wx' });
    unlinkSync(path);
    symlinkSync(basename(script), path);
  }
}

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('say which folder: node deploy/strip-types.mjs FOLDER');
strip(folder);
