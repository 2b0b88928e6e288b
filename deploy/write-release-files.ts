import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { z } from 'zod';

// npm run release-files -- [--out FOLDER]: a bill of materials (CycloneDX) for each image, and the licences of all.

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');

/** Licences that allow us to ship a library. */
const allowed = new Set([
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  'Unlicense',
  'CC0-1.0',
  'Python-2.0',
  'MIT-0',
  'Zlib',
]);

const licence = z.union([
  z.object({ license: z.object({ id: z.string().optional(), name: z.string().optional() }) }),
  z.object({ expression: z.string() }),
]);
const bill = z.object({
  components: z.array(
    z.object({
      group: z.string().optional(),
      name: z.string(),
      version: z.string(),
      licenses: z.array(licence).optional(),
    }),
  ),
});

const { out } = parseArgs({
  args: process.argv.slice(2).filter((one) => one !== '--'),
  options: { out: { type: 'string', default: join(root, '.leadline/release') } },
}).values;
const { version, packageManager } = z
  .object({ version: z.string(), packageManager: z.string() })
  .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));

mkdirSync(out, { recursive: true });
const images = ['services', 'packages'].flatMap((folder) =>
  readdirSync(join(root, folder)).filter((name) => existsSync(join(root, folder, name, 'src/main.ts'))),
);
const libraries = new Map<string, string>();
for (const image of images) {
  const file = join(out, `leadline-${image}-${version}.cdx.json`);
  const what = ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'application', '--prod'];
  await run('npx', ['--yes', packageManager, ...what, '--out', file, '--filter', `@leadline/${image}`], { cwd: root });
  for (const { group, name, version: its, licenses } of bill.parse(JSON.parse(readFileSync(file, 'utf8'))).components) {
    if (group === '@leadline') continue;
    libraries.set(`${group === undefined ? '' : `${group}/`}${name} ${its}`, toExpression(licenses ?? []));
  }
}

const lines = [...libraries].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, its]) => `| ${name} | ${its} |`);
const list = join(out, `leadline-${version}-licences.md`);
writeFileSync(
  list,
  `# Libraries in Leadline ${version}, and their licences\n\n| library | licence |\n| --- | --- |\n${lines.join('\n')}\n`,
);
process.stdout.write(
  `${images.length} bills of materials and the licences of ${libraries.size} libraries are in ${out}\n`,
);

const refused = [...libraries].filter(([, its]) => !isAllowed(its));
if (refused.length > 0) {
  process.stderr.write(
    `Not to be shipped without asking, for their licence is not on the list in deploy/write-release-files.ts:\n${refused
      .map(([name, its]) => `  ${name}: ${its === '' ? 'says none' : its}`)
      .join('\n')}\n`,
  );
  process.exitCode = 1;
}

function toExpression(licences: z.infer<typeof licence>[]): string {
  return licences
    .map((entry) => ('expression' in entry ? entry.expression : (entry.license.id ?? entry.license.name ?? '')))
    .join(' AND ');
}

/** One licence of several alternatives is enough; licences that apply together must all be allowed. */
function isAllowed(expression: string): boolean {
  const words = expression.replaceAll(/[()]/g, '');
  return words.split(' OR ').some((choice) => choice.split(' AND ').every((one) => allowed.has(one.trim())));
}
