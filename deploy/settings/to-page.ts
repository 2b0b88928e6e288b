import { settingGoals } from '@leadline/service-kit/shared-settings';
import { join } from 'node:path';
import { services, type Setting } from './every-setting.ts';

const head = `# Settings

Every service and command reads its settings from environment variables, once, when it starts. An empty variable counts as
absent. If a setting cannot be used, the process does not start: it lists all problems at once and ends with exit code 2.
Find what you want to do; each table has the settings for it.

`;

const foot = `---
This page is printed from the schemas in each \`config.ts\`: change a description there and run
\`node deploy/settings/generate.ts\`.
`;

const root = join(import.meta.dirname, '../..');

/** The text of `docs/operate/settings.md`, with a table for each goal. */
export function toPage(settings: readonly Setting[]): string {
  const goals = Object.entries(settingGoals);
  const links = goals.map(([, title]) => `- [${title}](#${toAnchor(title)})`).join('\n');
  const tables = goals.map(([goal, title]) => {
    const rows = toRows(settings.filter((setting) => setting.goal === goal));
    return `## ${title}\n\n| setting | services | default | meaning | example |\n| --- | --- | --- | --- | --- |\n${rows.join('\n')}\n`;
  });
  return `${head}${links}\n\n${tables.join('\n')}\n${foot}`;
}

/**
 * One row for settings with the same description: the same setting of several services, or several names of one kind.
 */
function toRows(settings: readonly Setting[]): string[] {
  const alike = Map.groupBy(settings, (setting) =>
    JSON.stringify([setting.description, setting.default, setting.required, setting.example]),
  );
  return [...alike.values()].map((group) => {
    const [first] = group;
    if (first === undefined) return '';
    const names = [...new Set(group.map(({ name }) => name))].join(', ');
    const users = toUsers([...new Set(group.map(({ user }) => user))]);
    return `| ${[names, users, toDefault(first), toMeaning(first), toCode(first.example ?? '')].join(' | ')} |`;
  });
}

function toUsers(users: readonly string[]): string {
  const others = users.filter((user) => !services.includes(user));
  if (users.length - others.length < services.length) return users.join(', ');
  return ['all services', ...others].join(', ');
}

function toDefault(setting: Setting): string {
  if (setting.required) return '**required**';
  return setting.default === undefined ? 'none' : toCode(setting.default.replace(`${root}/`, ''));
}

function toMeaning({ description = '', bounds, enum: values }: Setting): string {
  const taken = bounds ?? values?.map(toCode).join(', ');
  return taken === undefined ? description : `${description} (${taken})`;
}

function toCode(text: string): string {
  return `\`${text}\``;
}

function toAnchor(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-');
}
