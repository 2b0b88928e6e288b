import { CommandRefused, CommandUnanswered } from '@leadline/messaging/ask';
import { importLeadFile, type ImportHeader, type RowResult } from '@leadline/lead-file/import-lead-file';
import { LeadFileFault } from '@leadline/lead-file/open-lead-file';
import { Hono } from 'hono';
import { z } from 'zod';
import { audit } from './audit.ts';
import type { Deps } from './deps.ts';
import { operatorOnly, readForm, shownTo, type Env } from './guard.ts';
import { importPage, rowsShown, type ImportDone } from './pages/import.ts';

const form = z.object({
  file: z.instanceof(File),
  source: z
    .string()
    .trim()
    .regex(/^[a-z][a-z0-9_-]{0,62}$/, 'must be lower-case letters, digits, - and _'),
  mode: z.enum(['look', 'import']),
});

/** Files of leads, taken as `leadline leads import` takes them. */
export function importRoutes(deps: Deps): Hono<Env> {
  const app = new Hono<Env>();
  app.get('/import', (c) => c.html(importPage(shownTo(c, deps))));
  app.post('/import', operatorOnly, async (c) => {
    const { file, source, mode } = await readForm(c, form);
    const shown = shownTo(c, deps);
    const who = c.get('session').user.name;
    try {
      const done = await take(file, { source, who, dryRun: mode === 'look' }, deps);
      return c.html(importPage(shown, { source, done }));
    } catch (error) {
      const isOurs =
        error instanceof LeadFileFault || error instanceof CommandRefused || error instanceof CommandUnanswered;
      if (!isOurs) throw error;
      return c.html(importPage({ ...shown, notice: { kind: 'refused', text: error.message } }, { source }), 422);
    }
  });
  return app;
}

async function take(
  file: File,
  asked: { source: string; who: string; dryRun: boolean },
  deps: Deps,
): Promise<ImportDone> {
  let header: ImportHeader = { columns: [], faults: [] };
  const rows: RowResult[] = [];
  const counts = await importLeadFile(file.stream(), {
    ...asked,
    nats: deps.nats,
    file: file.name,
    headerRead(found) {
      header = found;
    },
    rowDone(result) {
      if (result.result !== 'accepted' && rows.length < rowsShown) rows.push(result);
    },
  });
  if (!asked.dryRun) {
    const details = { source: asked.source, file: file.name, ...counts };
    await audit(deps.postgres.em(), { action: 'import_leads', who: asked.who, reason: 'a file of leads', details });
  }
  return { file: file.name, dryRun: asked.dryRun, counts, header, rows };
}
