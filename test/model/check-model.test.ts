import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';

const run = promisify(execFile);
const model = join(import.meta.dirname, 'dial.pml');
const repository = join(import.meta.dirname, '../..');
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const missing = ['spin', 'gcc'].filter((program) => {
  try {
    execFileSync(program, [program === 'spin' ? '-V' : '--version'], { stdio: 'ignore' });
    return false;
  } catch {
    return true;
  }
});

/** Every state that the model can reach with these flags; the first violation's text, or undefined when there is none. */
async function check(flags: string): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'leadline-model-'));
  folders.push(folder);
  const defines = flags.split(' ').map((flag) => `-D${flag}`);
  await run('spin', ['-a', ...defines, model], { cwd: folder });
  // -O1: at -O2 compiling takes three times as long, and most searches are shorter than that. Not
  // -DCOLLAPSE: with states of 200 bytes it saves no memory, and a search takes half as long again.
  await run('gcc', ['-O1', '-w', '-DSAFETY', '-DMEMLIM=4000', '-o', 'pan', 'pan.c'], { cwd: folder });
  const { stdout } = await run('./pan', ['-m100000', '-w22'], { cwd: folder, maxBuffer: 16 * 1024 * 1024 });
  expect(stdout).toMatch(/errors: \d/);
  // A search that was cut off proves nothing.
  expect(stdout).not.toMatch(/max search depth too small|out of memory/);
  return stdout.includes('errors: 0') ? undefined : (/assertion violated.*/.exec(stdout)?.[0] ?? 'a violation');
}

const one = 'FIXED NL=1 MC=2 MAXR=1 PBMAX=0';

// Each in a folder of its own: as many side by side as there are cores.
test.concurrent.for([
  one,
  'FIXED NL=1 MC=3 MAXR=1 PBMAX=1',
  'FIXED NL=2 MC=2 MAXR=1 PBMAX=0',
  // What a group's claim took wrongly, its permit does not give.
  'FIXED NL=2 MC=2 MAXR=1 PBMAX=0 NO_GCLAIM',
  'FIXED FALSEEND CANCELLOST TAKENOFF NL=2 MC=2 MAXR=1 PBMAX=0',
  'FIXED FAST NL=1 MC=2 MAXR=1 PBMAX=0',
  'FIXED STOP=1 NL=1 MC=2 MAXR=1 PBMAX=0',
  'FIXED OPS=1 NL=1 MC=2 MAXR=0 PBMAX=0',
  'FIXED DUP=2 NL=1 MC=2 MAXR=1 PBMAX=0',
  'FIXED PROM NL=1 MC=2 MAXR=1 PBMAX=0',
  'FIXED PROM NL=1 MC=3 MAXR=0 PBMAX=1',
])('no state breaks a promise: %s', async (flags, { skip }) => {
  if (missing.length > 0) skip(`${missing.join(' and ')} not found: apt-get install ${missing.join(' ')}`);
  expect(await check(flags)).toBeUndefined();
});

test.concurrent.for([
  `${one} NO_REV`,
  `${one} NO_PERMIT`,
  `${one} NO_AGE`,
  `${one} NO_TOKEN`,
  `${one} NO_DECIDED`,
  `${one} FAST NO_GRACE`,
  'FIXED NL=2 MC=2 MAXR=1 PBMAX=0 NO_NUM',
  'FIXED NL=2 MC=2 MAXR=1 PBMAX=0 NO_GCLAIM NO_GPERMIT',
  'FIXED NL=1 MC=2 MAXR=0 PBMAX=0 NO_SPENT',
  'FIXED NL=1 MC=3 MAXR=0 PBMAX=0 OPS=1 NO_OPM',
  `${one} REDIAL`,
  `${one} NO_NUM NO_ALLDEC`,
  `${one} PROM NO_PDNC`,
  'FIXED PROM NL=1 MC=3 MAXR=1 PBMAX=0 NO_PKEPT',
  `${one} PROM NO_PLATE`,
  `${one} NOFIX_RING`,
  `${one} NOFIX_RING ONLY=7 NO_NEWEST`,
  `${one} NOFIX_LATE`,
  `${one} NOFIX_ANS`,
  `${one} NOFIX_AEND`,
  `${one} STOP=1 NOFIX_STOP`,
  `${one} FALSEEND NOFIX_LOOK`,
  `${one} CANCELLOST NOFIX_CANCEL`,
  `${one} TAKENOFF NOFIX_OFF`,
  // Each of the two holds the number of a bridge that died.
  `${one} NOFIX_CT NOFIX_CANCEL`,
])('a protection taken out shows: %s', async (flags, { skip }) => {
  if (missing.length > 0) skip(`${missing.join(' and ')} not found: apt-get install ${missing.join(' ')}`);
  expect(await check(flags)).toBeDefined();
});

test('every step of the model names a function that is there', () => {
  const steps = [...readFileSync(model, 'utf8').matchAll(/^ \* {3}[\w, ]+? {2,}(\S+\.ts) (\w+)$/gm)];
  expect(steps.length).toBeGreaterThan(15);
  for (const [, file = '', name = ''] of steps) {
    expect(readFileSync(join(repository, file), 'utf8'), `${name} in ${file}`).toMatch(
      new RegExp(`export (async )?function ${name}\\b`),
    );
  }
});
