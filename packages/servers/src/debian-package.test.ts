import { expect, test } from 'vitest';
import { findMirror } from './debian-package.ts';

const listed = `# deb http://old.example/debian bookworm main
deb-src http://mirror.example/debian bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/k.gpg] http://mirror.example/debian bookworm main
deb http://mirror.example/debian-security bookworm-security main`;

const paragraphs = `Types: deb
URIs: http://security.example/ubuntu-security/
Suites: noble-security

Types: deb
URIs: http://mirror.example/ubuntu/
Suites: noble noble-updates`;

test.for([
  ['one line a source', listed, 'debian', 'http://mirror.example/debian'],
  ['paragraphs', paragraphs, 'ubuntu', 'http://mirror.example/ubuntu/'],
  ['another distribution', paragraphs, 'debian', undefined],
  ['ports', 'deb http://mirror.example/ubuntu-ports noble main', 'ubuntu', 'http://mirror.example/ubuntu-ports'],
  ['nothing', '', 'debian', undefined],
] as const)('the mirror in apt sources: %s', ([, sources, distribution, mirror]) => {
  expect(findMirror(sources, distribution)).toBe(mirror);
});
