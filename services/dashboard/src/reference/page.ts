import { html } from 'hono/html';
import { z } from 'zod';
import { badge, layout, section, table, type Piece, type Shown } from '../web/layout.ts';

const schema = z.looseObject({
  $ref: z.string().optional(),
  type: z.union([z.string(), z.array(z.string())]).optional(),
  format: z.string().optional(),
  const: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  description: z.string().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  anyOf: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
  items: z.unknown().optional(),
  maxLength: z.number().optional(),
});

const asyncApi = z.looseObject({
  channels: z.record(z.string(), z.looseObject({ address: z.string().nullable(), description: z.string().optional() })),
  operations: z.record(
    z.string(),
    z.looseObject({ channel: z.object({ $ref: z.string() }), reply: z.unknown().optional() }),
  ),
  components: z.looseObject({
    messages: z.record(z.string(), z.looseObject({ name: z.string(), payload: z.unknown() })),
  }),
});

/** All events with their payloads, from the AsyncAPI document. */
export function eventReferencePage(shown: Shown, document: Record<string, unknown>): Piece {
  const { components, entries } = readSubjects(document, ({ reply }) => reply === undefined);
  return subjectPage(
    shown,
    {
      title: 'Events',
      at: '/reference/events',
      intro:
        'JSON payloads with CloudEvents headers on NATS JetStream. Readers ignore unknown keys, so publishers may add some.',
    },
    entries.map(({ name, address, description }) => ({
      name,
      address,
      description,
      body: properties(`Payload of ${address}`, components.messages[name]?.payload, {}),
    })),
  );
}

/** All commands and questions with their bodies and results. */
export function commandReferencePage(shown: Shown, document: Record<string, unknown>): Piece {
  const { components, entries } = readSubjects(document, ({ reply }) => reply !== undefined);
  const resultOf = (name: string): unknown =>
    toObject(schema.parse(components.messages[`${name}Reply`]?.payload ?? {}).properties?.['result']);
  return subjectPage(
    shown,
    {
      title: 'Commands',
      at: '/reference/commands',
      intro:
        'NATS requests with a JSON body. One replica answers: { "result": … }, or { "error": words for a person, "kind": "refused" or "failed" }.',
    },
    entries.map(({ name, address, description }) => ({
      name,
      address,
      description,
      body: html`${bodyOf(address, components.messages[name]?.payload)}
      ${properties(`Result of ${address}`, resultOf(name), {})}`,
    })),
  );
}

function bodyOf(address: string, described: unknown): Piece {
  return Object.keys(schema.parse(described ?? {}).properties ?? {}).length === 0
    ? html`<p>Its body is empty: <code>{}</code>.</p>`
    : properties(`Body of ${address}`, described, {});
}

/** The object type inside a result that is an object, a list, or nullable. */
function toObject(described: unknown): unknown {
  const { type, items, anyOf } = schema.parse(described ?? {});
  if (type === 'array') return items;
  return anyOf?.find((choice) => schema.parse(choice).properties !== undefined) ?? described;
}

type Subject = { name: string; address: string; description: string | undefined };

function readSubjects(
  document: Record<string, unknown>,
  isAsked: (operation: { reply?: unknown }) => boolean,
): { components: z.output<typeof asyncApi>['components']; entries: Subject[] } {
  const { channels, components, operations } = asyncApi.parse(document);
  const entries = Object.values(operations)
    .filter(isAsked)
    .flatMap(({ channel }): Subject[] => {
      const name = channel.$ref.split('/').at(-1) ?? '';
      const { address = null, description } = channels[name] ?? {};
      return address === null ? [] : [{ name, address, description }];
    })
    .toSorted((a, b) => (a.address < b.address ? -1 : 1));
  return { components, entries };
}

function subjectPage(
  shown: Shown,
  page: { title: string; at: string; intro: string },
  entries: readonly (Subject & { body: Piece })[],
): Piece {
  return layout(
    shown,
    { ...page, aside: html`<a class="button" href="/asyncapi.json" download>AsyncAPI</a>` },
    html`<nav class="contents" aria-label="${page.title} on this page">
        <ul>
          ${entries.map(({ name, address }) => html`<li><a href="#${name}">${address}</a></li>`)}
        </ul>
      </nav>
      ${entries.map(({ name, address, description, body }) =>
        section(address, body, { id: name, wide: true, ...(description === undefined ? {} : { hint: description }) }),
      )}`,
  );
}

const operation = z.looseObject({
  summary: z.string().optional(),
  description: z.string().optional(),
  requestBody: z.looseObject({ content: z.record(z.string(), z.looseObject({ schema: z.unknown() })) }).optional(),
  responses: z.record(z.string(), z.looseObject({ description: z.string().optional() })).optional(),
});

const openApi = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), z.unknown())),
  components: z.looseObject({ schemas: z.record(z.string(), z.unknown()).default({}) }).optional(),
});

/** The HTTP interface, from ingest's OpenAPI document. */
export function httpReferencePage(shown: Shown, document: Record<string, unknown> | undefined): Piece {
  const page = {
    title: 'HTTP API',
    at: '/reference/http',
    intro: 'How lead sources deliver. Errors are problem+json (RFC 9457).',
    aside: html`<a class="button" href="/openapi.json" download>OpenAPI</a>`,
  };
  if (document === undefined) {
    return layout(shown, page, html`<p class="empty">Ingest does not answer, or INGEST_URL is not set.</p>`);
  }
  const { paths, components } = openApi.parse(document);
  const schemas = components?.schemas ?? {};
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => ({ path, method, ...operation.parse(described) })),
  );
  return layout(
    shown,
    page,
    html`${operations.map((described, place) => {
      const body = described.requestBody?.content['application/json']?.schema;
      return section(
        `${described.method.toUpperCase()} ${described.path}`,
        html`${described.description === undefined ? '' : html`<p>${described.description}</p>`}
        ${body === undefined ? '' : properties(`Body of ${described.method} ${described.path}`, body, schemas)}
        ${table(
          `Answers of ${described.method} ${described.path}`,
          [{ name: 'Status' }, { name: 'When' }],
          Object.entries(described.responses ?? {}).map(([status, { description }]) => [
            badge(status, status.startsWith('2') ? 'good' : 'wait'),
            description ?? '',
          ]),
        )}`,
        {
          id: `operation-${place}`,
          wide: true,
          ...(described.summary === undefined ? {} : { hint: described.summary }),
        },
      );
    })}`,
  );
}

function resolve(described: unknown, schemas: Record<string, unknown>): z.output<typeof schema> {
  const read = schema.parse(described ?? {});
  const name = read.$ref?.split('/').at(-1);
  return name === undefined || !(name in schemas) ? read : schema.parse(schemas[name]);
}

function properties(caption: string, described: unknown, schemas: Record<string, unknown>): Piece {
  const { properties: fields = {}, required = [], type } = resolve(described, schemas);
  const read = Object.entries(fields).map(([name, field]) => ({ name, field: resolve(field, schemas) }));
  const isExplained = read.some(({ field }) => field.description !== undefined);
  const rows = read.map(({ name, field }) => [
    html`<code>${name}</code>`,
    typeOf(field, schemas),
    required.includes(name) ? 'yes' : html`<span class="muted">no</span>`,
    ...(isExplained ? [field.description ?? ''] : []),
  ]);
  const columns = [
    { name: 'Key' },
    { name: 'Is' },
    { name: 'Required' },
    ...(isExplained ? [{ name: 'Meaning' }] : []),
  ];
  return html`<div class="keys">
    ${table(caption, columns, rows, { empty: `Any ${typeof type === 'string' ? type : 'JSON'}.` })}
  </div>`;
}

function typeOf(read: z.output<typeof schema>, schemas: Record<string, unknown>): string {
  if (read.const !== undefined) return JSON.stringify(read.const);
  if (read.enum !== undefined) return read.enum.map((value) => JSON.stringify(value)).join(' | ');
  const choices = read.anyOf ?? read.oneOf;
  if (choices !== undefined) return choices.map((choice) => typeOf(resolve(choice, schemas), schemas)).join(' | ');
  if (read.type === 'array') return `list of ${typeOf(resolve(read.items, schemas), schemas)}`;
  const type = Array.isArray(read.type) ? read.type.join(' | ') : (read.type ?? 'object');
  if (read.format !== undefined) return read.format;
  return read.maxLength === undefined ? type : `${type}, at most ${read.maxLength}`;
}
