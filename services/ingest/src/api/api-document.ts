import { createRoute, OpenAPIHono } from '@hono/zod-openapi';
import { z } from 'zod';
import { adapters } from '../sources/registry.ts';
import { acceptedLead, batchResult, newLead, newLeads, problem } from '../intake/lead-schema.ts';

const json = <Schema extends z.ZodType>(schema: Schema) => ({ 'application/json': { schema } });
const refusal = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: problem } },
});

const security = [{ key: [] }];
const refusals = {
  401: refusal('The bearer key is missing or wrong'),
  503: {
    ...refusal('Not known to be stored: send it again'),
    headers: { 'Retry-After': { schema: { type: 'integer' as const } } },
  },
};
const bodyRefusals = {
  ...refusals,
  400: refusal('The body is not JSON, or the Idempotency-Key can not be read'),
  413: refusal('The body is too large'),
  422: refusal('What is wrong, each fault with a pointer to its field; or the Idempotency-Key stands for another body'),
};
const headers = z.object({
  'Idempotency-Key': z
    .string()
    .optional()
    .meta({
      description:
        'Names this delivery. The same key with the same body gets the first answer, with another body 422. 1 to 200 visible ASCII characters, quoted or not; kept for good.',
      examples: ['"8e03978e-40d5-43dd-bc93-6894a57f9324"'],
    }),
});

const routes = [
  createRoute({
    method: 'post',
    path: '/v1/leads',
    security,
    operationId: 'createLead',
    summary: 'Deliver a lead',
    description:
      'Answered once the lead is stored for good. A repeat of the same sourceLeadId and number gets the first answer and changes nothing; the same id with another number is a lead of its own, and with another product or message a further enquiry of that buyer.',
    request: { headers, body: { required: true, content: json(newLead) } },
    responses: {
      202: {
        description: 'The lead is stored and will be called',
        headers: { Location: { schema: { type: 'string' }, description: 'Where its status is read' } },
        content: json(acceptedLead),
      },
      ...bodyRefusals,
      410: refusal('The lead came before and has been erased since'),
    },
  }),
  createRoute({
    method: 'post',
    path: '/v1/leads/batch',
    security,
    operationId: 'createLeads',
    summary: 'Deliver up to 1000 leads',
    description:
      'Each row is taken or refused on its own. An Idempotency-Key names each row by its place, so that a batch may be sent again whole, refused rows mended.',
    request: { headers, body: { required: true, content: json(newLeads) } },
    responses: { 200: { description: 'What became of each row', content: json(batchResult) }, ...bodyRefusals },
  }),
  createRoute({
    method: 'get',
    path: '/v1/leads/{id}',
    security,
    operationId: 'getLead',
    summary: 'The status of a lead of yours',
    request: { params: z.object({ id: z.string().meta({ examples: ['42'] }) }) },
    responses: {
      200: { description: 'Its status now', content: json(acceptedLead) },
      ...refusals,
      404: refusal('You have no such lead'),
    },
  }),
] as const;

const connection = z.object({
  source: z
    .enum(adapters.filter(({ methods }) => methods.length > 0).map(({ source }) => source))
    .meta({ description: 'Whose delivery it is' }),
  token: z.string().meta({ description: 'The token of the address; a secret', examples: ['k3v9x2m4q8w1'] }),
});
const anything = { 'application/json': { schema: z.unknown() } };

/**
 * Each vendor defines its own body, so no schema here. docs/build/lead-sources.md has the answer that each one gets.
 */
const vendorRoutes = (['get', 'post'] as const).map((method) =>
  createRoute({
    method,
    path: '/v1/sources/{source}/{token}',
    operationId: method === 'get' ? 'greetVendor' : 'takeDelivery',
    summary: method === 'get' ? 'A delivery as a query (JustDial), or a handshake (Meta)' : 'A delivery of a vendor',
    description:
      'Answered as the vendor expects it, once all that is in it is stored. A repeat and what can be no lead are answered alike.',
    request: {
      params: connection,
      ...(method === 'get'
        ? {}
        : { body: { content: { ...anything, 'application/x-www-form-urlencoded': { schema: z.unknown() } } } }),
    },
    responses: {
      200: { description: 'Stored; the body is what the vendor expects' },
      202: { description: 'Stored; for forms and automations with what was understood', content: anything },
      401: refusal('The signature or the key in the delivery is missing or wrong'),
      403: refusal('The verify token of a handshake is wrong'),
      404: refusal('There is no such address, or it is disabled'),
      405: refusal('This source uses another method'),
      413: refusal('The body is larger than this connection may send'),
      429: {
        ...refusal('More than the quota of this connection; only for senders that come again'),
        headers: { 'Retry-After': { schema: { type: 'integer' as const } } },
      },
      503: refusals[503],
    },
  }),
);

/** The OpenAPI 3.1 document, from the schemas that the routes parse with. */
export function apiDocument(): ReturnType<OpenAPIHono['getOpenAPI31Document']> {
  const app = new OpenAPIHono();
  app.openAPIRegistry.registerComponent('securitySchemes', 'key', {
    type: 'http',
    scheme: 'bearer',
    description: 'A key of API_KEYS; it also names the source.',
  });
  for (const route of [...routes, ...vendorRoutes]) app.openAPIRegistry.registerPath(route);
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'Leadline ingest', version: '1', description: 'Hands leads to Leadline, which calls them.' },
    servers: [{ url: '/' }],
  });
}
