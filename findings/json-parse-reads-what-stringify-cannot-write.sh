#!/usr/bin/env bash
# Node.js 24 (V8's JSON), and zod 4.6.7 (npm) as what usually stands between parsing and keeping.
# Guess beforehand: what JSON.parse reads, JSON.stringify writes again; a reviver costs time and nothing else.
# Behaviour: JSON.parse reads 100,000 nested arrays (200 kB, valid by RFC 8259) at once. JSON.stringify of what it gave throws
# RangeError "Maximum call stack size exceeded", and so does JSON.parse of the same text with any reviver. A zod object with
# the field passes it as unknown without a word.
# So a service that parses, checks and keeps what it was sent by JSON.stringify(row) throws after its checks, for the whole
# batch that the row came in: depth has to be looked at before anything recurses.
# Output: "parse ok, zod ok, stringify RangeError, reviver RangeError".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts zod@4.6.7 >/dev/null
cat >look.cjs <<'JS'
const { z } = require('zod');
const text = `{"row":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
const tried = (work) => {
  try {
    return [work(), 'ok'];
  } catch (error) {
    return [undefined, error.constructor.name];
  }
};
const [value, parsed] = tried(() => JSON.parse(text));
const checked = z.object({ row: z.unknown() }).safeParse(value).success ? 'ok' : 'refused';
const [, written] = tried(() => JSON.stringify(value));
const [, revived] = tried(() => JSON.parse(text, (_key, one) => one));
const seen = `parse ${parsed}, zod ${checked}, stringify ${written}, reviver ${revived}`;
console.log(seen);
process.exit(seen === 'parse ok, zod ok, stringify RangeError, reviver RangeError' ? 0 : 1);
JS
node look.cjs
