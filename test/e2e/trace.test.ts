import { listen, type Listening } from '@leadline/service-kit/listen';
import { endWithUs } from '@leadline/servers/reaper';
import { until } from '@leadline/testing/until';
import { Hono } from 'hono';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';

const attributes = z
  .array(z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) }))
  .default([])
  .transform((list) => Object.fromEntries(list.map(({ key, value }) => [key, Object.values(value)[0]])));
/** What an OTLP exporter sends: https://opentelemetry.io/docs/specs/otlp */
const exported = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes }),
      scopeSpans: z.array(
        z.object({
          spans: z.array(
            z.object({
              traceId: z.string(),
              spanId: z.string(),
              parentSpanId: z.string().optional(),
              name: z.string(),
              kind: z.number(),
              attributes,
              links: z.array(z.object({ traceId: z.string() })).default([]),
            }),
          ),
        }),
      ),
    }),
  ),
});
type Span = z.infer<typeof exported>['resourceSpans'][number]['scopeSpans'][number]['spans'][number] & {
  service: unknown;
};

const root = join(import.meta.dirname, '../..');
const [name, phone] = ['Zarathustra Quilletti', '+919876512042'];
let folder: string;
let collector: Listening;
let system: ChildProcess;
const received: string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'leadline-trace-'));
  const app = new Hono();
  app.post('/v1/traces', async (c) => {
    received.push(await c.req.text());
    return c.json({});
  });
  collector = await listen(app, { host: '127.0.0.1', port: 0, graceMs: 100 });
  system = spawn(process.execPath, [join(root, 'packages/local/src/run.ts')], {
    env: {
      ...process.env,
      LEADLINE_STATE_DIR: folder,
      DATABASE_URL: '',
      NATS_URL: '',
      SAMPLE_LEADS: 'off',
      LOG_LEVEL: 'trace',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    },
    stdio: 'ignore',
  });
  endWithUs(system);
});
afterAll(async () => {
  if (system.exitCode === null) system.kill('SIGTERM');
  await until('the system has ended', () => system.exitCode !== null || system.signalCode !== null);
  await collector.stop();
  rmSync(folder, { recursive: true, force: true });
});

function spans(): Span[] {
  return received.flatMap((text) =>
    exported
      .parse(JSON.parse(text))
      .resourceSpans.flatMap(({ resource, scopeSpans }) =>
        scopeSpans.flatMap((scope) =>
          scope.spans.map((span) => ({ ...span, service: resource.attributes['service.name'] })),
        ),
      ),
  );
}

const steps = [
  'ingest: POST /v1/leads',
  'ingest: send lead.created',
  'dispatcher: process lead.created',
  'dispatcher: attempt',
  'dispatcher: await agent',
  'dispatcher: await permit',
  'dispatcher: dial',
  'dispatcher: send call.dialing',
  'call-tracker: process call.answered',
  'call-tracker: track agent_qualified',
  'call-tracker: track leg_left',
  'call-tracker: send call.qualified',
  'crm-pusher: process call.qualified',
  'crm-pusher: push',
  'crm-pusher: GET /customers',
  'crm-pusher: POST /tasks',
  'crm-pusher: send call.pushed',
  'dashboard: process call.pushed',
];

test('one trace leads from the POST through NATS, dial and agent to the CRM, and nothing personal stands anywhere', async () => {
  const run = await until(
    'the system runs',
    () => existsSync(join(folder, 'run.json')) && readFileSync(join(folder, 'run.json'), 'utf8'),
    90_000,
  );
  const addresses = z
    .object({ ingest: z.url(), dispatcherAdmin: z.url(), apiKey: z.string(), agentKey: z.string(), opsKey: z.string() })
    .parse(JSON.parse(run));
  const answer = await fetch(`${addresses.ingest}/v1/leads`, {
    method: 'POST',
    headers: { authorization: `Bearer ${addresses.apiKey}` },
    body: JSON.stringify({ name, phone, email: 'zarathustra@quilletti.example', productName: 'Paper cup machine' }),
  });
  expect(answer.status).toBe(202);
  // A number that nobody has, and a body that can not be read: refusals must not tell either.
  await fetch(`${addresses.ingest}/v1/leads`, {
    method: 'POST',
    headers: { authorization: `Bearer ${addresses.apiKey}` },
    body: `{"name": "${name}", "phone": "${phone}"`,
  });

  const ofLead = (): Span[] => {
    const post = spans().find((span) => span.name === 'POST /v1/leads');
    return spans().filter((span) => span.traceId === post?.traceId);
  };
  // Each service sends its spans once a second.
  await until('every step is in the trace', () => {
    const seen = new Set(ofLead().map((span) => `${String(span.service)}: ${span.name}`));
    const missing = steps.filter((step) => !seen.has(step));
    if (missing.length > 0) throw new Error(`not yet: ${missing.join(', ')}`);
    return true;
  });
  const trace = ofLead();
  // It hangs together: each span's parent is there.
  const ids = new Set(trace.map((span) => span.spanId));
  expect(trace.filter((span) => !ids.has(span.parentSpanId ?? '')).map((span) => span.name)).toEqual([
    'POST /v1/leads',
  ]);
  // LiveKit and an agent without OpenTelemetry bring no trace of their own along: theirs is linked.
  const webhooks = new Set(
    spans()
      .filter((span) => span.name === 'POST /webhooks/livekit')
      .map((span) => span.traceId),
  );
  const left = trace.find((span) => span.name === 'track leg_left');
  expect(left?.links.filter((link) => webhooks.has(link.traceId))).toHaveLength(1);
  expect(trace.find((span) => span.name === 'send call.qualified')).toMatchObject({
    kind: 4,
    attributes: { 'messaging.system': 'nats', 'messaging.destination.name': 'call.qualified' },
  });
  const consumed = trace.find((span) => span.name === 'process call.qualified' && span.service === 'crm-pusher');
  expect(consumed).toMatchObject({
    kind: 5,
    attributes: { 'messaging.consumer.group.name': 'crm-pusher' },
  });

  const logs = readdirSync(join(folder, 'logs')).map(
    (file) => [file, readFileSync(join(folder, 'logs', file), 'utf8')] as const,
  );
  const withTrace = logs.filter(([, text]) => text.includes(`"trace_id":"${trace[0]?.traceId}"`)).map(([file]) => file);
  expect(withTrace).toEqual(expect.arrayContaining(['call-tracker.log', 'dispatcher.log']));
  const metrics = await (await fetch(`${addresses.dispatcherAdmin}/metrics`)).text();
  const secrets = readFileSync(join(folder, 'secrets.json'), 'utf8').match(/[A-Za-z0-9_-]{16,}/g) ?? [];
  expect(secrets.length).toBeGreaterThan(3);
  const places = [
    ...logs.filter(([file]) => !file.startsWith('postgres')),
    ['metrics', metrics],
    ['spans', received.join('\n')],
  ];
  const personal = ['Zarathustra', 'Quilletti', phone.slice(-10), phone.slice(-7)];
  const told = places.flatMap(([place, text = '']) =>
    [...personal, ...secrets].filter((word) => text.includes(word)).map((word) => `${place} tells ${word}`),
  );
  expect(told).toEqual([]);
});
