import { settingGoals } from '@leadline/service-kit/shared-settings';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { everySetting, schemas, services } from '../../deploy/settings/every-setting.ts';
import { toPage } from '../../deploy/settings/to-page.ts';

const root = join(import.meta.dirname, '../..');
const settings = everySetting();

test('the settings page is the one that the schemas describe', () => {
  // Else run node deploy/settings/generate.ts.
  expect(readFileSync(join(root, 'docs/operate/settings.md'), 'utf8')).toBe(toPage(settings));
});

test('a changed description, default or example changes the page', () => {
  for (const changed of [{ description: 'Another.' }, { default: '1234' }, { example: '4321' }])
    expect(toPage(settings.map((setting) => ({ ...setting, ...changed })))).not.toBe(toPage(settings));
});

test('every setting says what it is for, what it means, and shows an example other than the default', () => {
  const silent = settings.filter(
    ({ goal, description, example, default: byDefault }) => !goal || !description || !example || example === byDefault,
  );
  expect(silent.map(({ user, name }) => `${name} of ${user}`)).toEqual([]);
  expect(new Set(settings.map(({ goal }) => goal))).toEqual(new Set(Object.keys(settingGoals)));
});

test('every example and every default can be used', () => {
  // A folder of the machine on which Leadline runs.
  const elsewhere = ['MODES_DIR'];
  const here = settings.filter(({ name }) => !elsewhere.includes(name));
  const refused = here.filter(({ user, name, example, default: byDefault }) => {
    const schema = schemas[user]?.shape[name];
    return [example, byDefault ?? example].some(
      (text) => !(schema instanceof z.ZodType) || !schema.safeParse(text).success,
    );
  });
  expect(refused.map(({ user, name }) => `${name} of ${user}`)).toEqual([]);
});

test('a setting that services share has one meaning, default and example, but for their ports', () => {
  const shared = settings.filter(({ user, name }) => services.includes(user) && name !== 'PORT');
  const different = [...Map.groupBy(shared, ({ name }) => name)].filter(
    ([, alike]) => new Set(alike.map((setting) => JSON.stringify({ ...setting, user: '' }))).size > 1,
  );
  expect(different.map(([name]) => name)).toEqual([]);
});

test('compose hands every setting of a service on to it', () => {
  const compose = z
    .object({
      services: z.record(z.string(), z.object({ environment: z.record(z.string(), z.unknown()).default({}) })),
    })
    .parse(parse(readFileSync(join(root, 'deploy/compose.yaml'), 'utf8'), { merge: true }));
  // What the image sets.
  const fixed = new Set(['HOST', 'PORT', 'ADMIN_PORT']);
  for (const service of services) {
    const handed = Object.keys(compose.services[service]?.environment ?? {});
    const own = settings.filter(({ user, name }) => user === service && !fixed.has(name)).map(({ name }) => name);
    expect({ service, settings: handed.toSorted() }).toEqual({ service, settings: own.toSorted() });
  }
  // The command line in its container asks LiveKit too; where it keeps its state is its image's matter.
  const handed = Object.keys(compose.services['leadline']?.environment ?? {});
  const own = settings.filter(({ user, name }) => user === '`leadline`' && name !== 'LEADLINE_STATE_DIR');
  expect(own.length).toBeGreaterThan(5);
  expect(own.map(({ name }) => name).filter((name) => !handed.includes(name))).toEqual([]);
});
