import { toAsyncApi } from '@leadline/contracts/to-asyncapi';
import { Hono } from 'hono';
import { z } from 'zod';
import type { Deps } from '../deps.ts';
import { shownTo, type Env } from '../web/guard.ts';
import { commandReferencePage, eventReferencePage, httpReferencePage } from './page.ts';

const openApi = z.looseObject({ openapi: z.string(), paths: z.record(z.string(), z.unknown()) });

/**
 * The reference, generated from the contracts and from ingest's own description, so that browsers load nothing from
 * other hosts.
 */
export function referenceRoutes(deps: Deps): Hono<Env> {
  const app = new Hono<Env>();
  const asyncApi = toAsyncApi();
  const describeHttp = async (): Promise<z.output<typeof openApi> | undefined> => {
    if (deps.ingestUrl === undefined) return undefined;
    try {
      const response = await deps.fetch(new URL('/openapi.json', deps.ingestUrl), {
        signal: AbortSignal.timeout(3_000),
      });
      return openApi.parse(await response.json());
    } catch {
      return undefined;
    }
  };
  app.get('/reference/events', (c) => c.html(eventReferencePage(shownTo(c, deps), asyncApi)));
  app.get('/reference/commands', (c) => c.html(commandReferencePage(shownTo(c, deps), asyncApi)));
  app.get('/reference/http', async (c) => c.html(httpReferencePage(shownTo(c, deps), await describeHttp())));
  app.get('/asyncapi.json', (c) => c.json(asyncApi));
  app.get('/openapi.json', async (c) => {
    const document = await describeHttp();
    return document === undefined ? c.json({ title: 'Ingest does not answer', status: 503 }, 503) : c.json(document);
  });
  return app;
}
