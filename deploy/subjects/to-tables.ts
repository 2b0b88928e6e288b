import { allCommands } from '@leadline/contracts/commands/all';
import { by } from '@leadline/contracts/commands/by';
import { allEvents } from '@leadline/contracts/events/all';
import { publisherOf } from '@leadline/contracts/publishers';
import { durables } from '@leadline/messaging/topology';
import { z } from 'zod';

const schema = z.looseObject({
  type: z.string().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).default([]),
  items: z.unknown().optional(),
  anyOf: z.array(z.unknown()).optional(),
});

/** Replaces the page's two tables, each between its markers. */
export function withTables(page: string): string {
  const events = table(
    ['subject', 'publisher', 'consumed by'],
    allEvents.map(({ type }) => [type, publisherOf(type), consumersOf(type).join(', ')]),
  );
  const commands = table(
    ['subject', 'what it does', 'body', 'result'],
    allCommands.map(({ subject, summary, body, result }) => [
      subject,
      summary,
      code(toKeys(z.toJSONSchema(body, { io: 'input' }))),
      code(toKeys(z.toJSONSchema(result, { io: 'output' }))),
    ]),
  );
  return between(between(page, 'events', events), 'commands', commands);
}

function between(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name}: printed by deploy/subjects/generate.ts -->`, `<!-- end of ${name} -->`];
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`the page has no markers for ${name}`);
  return `${before}${begin}\n\n${text}\n\n${end}${after}`;
}

function consumersOf(type: string): string[] {
  const hears = (filter: string): boolean =>
    filter === type || (filter.endsWith('>') && type.startsWith(filter.slice(0, -1)));
  const heard = Object.values(durables).filter(({ filters }) => filters.some(hears));
  return [...new Set(heard.map(({ service }) => service))].toSorted();
}

/** The keys of a body or result: `{ phone, …by, dryRun? }`. */
function toKeys(described: unknown): string {
  const { type, properties, required, items, anyOf } = schema.parse(described);
  if (anyOf !== undefined) return anyOf.map(toKeys).join(' or ');
  if (type === 'array') return `[${toKeys(items)}]`;
  if (properties === undefined) return type ?? 'any';
  const keys = Object.keys(properties);
  const isBy = Object.keys(by).every((key) => keys.includes(key));
  const own = keys.filter((key) => !isBy || !(key in by)).map((key) => (required.includes(key) ? key : `${key}?`));
  const named = isBy ? ['…by', ...own] : own;
  return named.length === 0 ? '{}' : `{ ${named.join(', ')} }`;
}

const code = (text: string): string => `\`${text}\``;

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map((cells) => line(cells))].join('\n');
}
