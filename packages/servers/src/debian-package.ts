import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Suites newest first; the last is the stable fallback, for a newer one's packages may want a newer libc. */
const distributions = [
  {
    distribution: 'debian',
    keyring: '/usr/share/keyrings/debian-archive-keyring.gpg',
    suites: ['forky', 'trixie'],
    component: 'main',
  },
  {
    distribution: 'ubuntu',
    keyring: '/usr/share/keyrings/ubuntu-archive-keyring.gpg',
    suites: ['resolute', 'questing', 'plucky'],
    component: 'universe',
  },
];

/**
 * Downloads a signed package from the newest suite of this machine's own mirror that has it, and unpacks it below the
 * folder; nothing is installed. Answers the folder that is its root.
 * @throws Error when this is neither Debian nor Ubuntu, or no suite has the package
 */
export async function unpackDebianPackage(name: string, folder: string): Promise<string> {
  if (!existsSync('/usr/bin/apt-get')) throw new Error('is not here');
  const sources = aptSources();
  let fault: unknown = new Error('no mirror in the apt sources, or no keyring for it');
  for (const { distribution, keyring, suites, component } of distributions) {
    const uri = findMirror(sources, distribution);
    if (uri === undefined || !existsSync(keyring)) continue;
    for (const suite of suites) {
      try {
        const source = `deb [signed-by=${keyring}] ${uri} ${suite} ${component}\n`;
        return await unpackFrom(source, name, join(folder, suite));
      } catch (error) {
        fault = error;
      }
    }
  }
  throw fault;
}

/** The mirror of a distribution that apt sources name, in either of their two forms; not the one for security fixes. */
export function findMirror(sources: string, distribution: string): string | undefined {
  const mirrors = [...sources.matchAll(/^(?:URIs:|deb(?:\s+\[[^\]]*\])?)\s+(\S+)/gm)].map(([, uri = '']) => uri);
  return mirrors.find((uri) => new RegExp(`/${distribution}(-ports|-archive)?/?$`).test(uri));
}

async function unpackFrom(source: string, name: string, folder: string): Promise<string> {
  const [lists, packages, list] = [join(folder, 'lists'), join(folder, 'deb'), join(folder, 'suite.list')];
  mkdirSync(join(lists, 'partial'), { recursive: true });
  mkdirSync(packages, { recursive: true });
  writeFileSync(list, source);
  const only = [
    '-o',
    `Dir::Etc::sourcelist=${list}`,
    '-o',
    'Dir::Etc::sourceparts=-',
    '-o',
    `Dir::State::lists=${lists}`,
    '-o',
    `Dir::Cache=${folder}`,
    '-o',
    'APT::Sandbox::User=root',
    // Else a mirror that can't be reached is a warning, and the package is "not located".
    '-o',
    'APT::Update::Error-Mode=any',
  ];
  await run('apt-get', [...only, '-qq', 'update'], { timeout: 120_000 });
  await run('apt-get', [...only, '-qq', 'download', name], { cwd: packages, timeout: 120_000 });
  for (const file of readdirSync(packages).filter((entry) => entry.endsWith('.deb'))) {
    await run('dpkg', ['-x', join(packages, file), folder]);
  }
  return folder;
}

/** The mirrors that this machine's own sources name. */
function aptSources(): string {
  const folder = '/etc/apt/sources.list.d';
  return ['/etc/apt/sources.list', ...(existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [])]
    .filter((path) => existsSync(path))
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');
}
