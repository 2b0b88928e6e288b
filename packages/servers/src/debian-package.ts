import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Suites, newest first. The last is the stable fallback, because newer packages may need a newer libc. */
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
 * Downloads a signed package from the newest suite that this machine's mirror has, and unpacks it below the folder
 * without installing it. Returns the folder that is its root.
 * @throws Error when this is neither Debian nor Ubuntu, or when no suite has the package
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

/** The distribution's mirror in the apt sources, in either of their two formats; not the mirror for security fixes. */
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
    // Otherwise apt only warns about an unreachable mirror, and then calls the package "not located".
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

/** The contents of this machine's apt source files. */
function aptSources(): string {
  const folder = '/etc/apt/sources.list.d';
  return ['/etc/apt/sources.list', ...(existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [])]
    .filter((path) => existsSync(path))
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');
}
