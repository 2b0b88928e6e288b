import { Hono } from 'hono';
import { readAudit } from './audit.ts';
import type { Deps } from '../deps.ts';
import { shownTo, type Env } from '../web/guard.ts';
import { auditPage, entriesAPage } from './page.ts';

export function auditRoutes(deps: Deps): Hono<Env> {
  const app = new Hono<Env>();
  app.get('/audit', async (c) => {
    const filter = { action: c.req.query('action')?.trim() || undefined, who: c.req.query('who')?.trim() || undefined };
    const before = new Date(c.req.query('before') ?? '');
    const asked = { ...filter, before: Number.isNaN(before.getTime()) ? undefined : before };
    return c.html(auditPage(shownTo(c, deps), await readAudit(deps.postgres, asked, entriesAPage), filter));
  });
  return app;
}
