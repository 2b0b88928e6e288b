import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const types = { css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml' } as const;

function load(name: string, type: keyof typeof types) {
  const body = readFileSync(join(import.meta.dirname, '../assets', `${name}.${type}`), 'utf8');
  const hash = createHash('sha256').update(body).digest('base64url').slice(0, 10);
  return { path: `/assets/${name}.${hash}.${type}`, body, contentType: `${types[type]}; charset=utf-8` };
}

const style = load('style', 'css');
const live = load('live', 'js');
const refresh = load('refresh', 'js');
const fileImport = load('import', 'js');
const mark = load('mark', 'svg');

/** All files that pages load, by address. The address changes with the content, so browsers may cache it for good. */
export const assets = new Map([style, live, refresh, fileImport, mark].map((asset) => [asset.path, asset]));

export const assetUrls = {
  style: style.path,
  live: live.path,
  refresh: refresh.path,
  import: fileImport.path,
  mark: mark.path,
};
