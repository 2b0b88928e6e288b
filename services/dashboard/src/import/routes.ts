import type { RowResult } from '@leadline/contracts/commands/imports';
import { CommandRefused, CommandUnanswered } from '@leadline/messaging/ask';
import { importLeadFile, type Import, type ImportHeader } from '@leadline/lead-file/import-lead-file';
import { LeadFileFault } from '@leadline/lead-file/open-lead-file';
import { Hono } from 'hono';
import { z } from 'zod';
import { audit } from '../audit/audit.ts';
import type { Deps } from '../deps.ts';
import { operatorOnly, readForm, shownTo, type Env } from '../web/guard.ts';
import { importPage, rowsShown, type ImportAsked, type ImportDone } from './page.ts';

const form = z.object({
  file: z.instanceof(File),
  source: z
    .string()
    .trim()
    .regex(/^(?:[a-z][a-z0-9_-]{0,62})?$/, 'must be lower-case letters, digits, - and _')
    .default(''),
  /** One name in each line: `phone=WhatsApp No`. */
  aliases: z
    .string()
    .max(4_000)
    .regex(/^\s*(?:[A-Za-z]+=[^\r\n]+\s*)*$/, 'must be a line each, such as phone=WhatsApp No')
    .default(''),
  idColumn: z.string().trim().max(200).default(''),
  dates: z.enum(['', 'day-first', 'month-first']).default(''),
  ringOld: z.enum(['', 'on']).default(''),
  mode: z.enum(['look', 'import']),
});

/** Imports lead files as `leadline leads import` does. */
export function importRoutes(deps: Deps): Hono<Env> {
  const app = new Hono<Env>();
  app.get('/import', (c) => c.html(importPage(shownTo(c, deps))));
  app.post('/import', operatorOnly, async (c) => {
    const { file, mode, ...asked } = await readForm(c, form);
    const shown = shownTo(c, deps);
    const who = c.get('session').user.name;
    try {
      const done = await take(file, { ...toReading(asked), who, dryRun: mode === 'look' }, deps);
      return c.html(importPage(shown, { asked, done }));
    } catch (error) {
      const isOurs =
        error instanceof LeadFileFault || error instanceof CommandRefused || error instanceof CommandUnanswered;
      if (!isOurs) throw error;
      return c.html(importPage({ ...shown, notice: { kind: 'refused', text: error.message } }, { asked }), 422);
    }
  });
  return app;
}

type Reading = Pick<Import, 'source' | 'aliases' | 'dates' | 'ringsOld'>;

function toReading({ source, aliases, idColumn, dates, ringOld }: ImportAsked): Reading {
  const byField: Record<string, string[]> = {};
  for (const [, field = '', name = ''] of aliases.matchAll(/^\s*([A-Za-z]+)=(.+)$/gm)) {
    byField[field] = [...(byField[field] ?? []), name.trim()];
  }
  if (idColumn !== '') byField['sourceLeadId'] = [idColumn];
  return {
    source: source === '' ? undefined : source,
    aliases: byField,
    dates: dates === '' ? undefined : dates,
    ringsOld: ringOld === 'on',
  };
}

async function take(file: File, asked: Reading & { who: string; dryRun: boolean }, deps: Deps): Promise<ImportDone> {
  let header: ImportHeader = { columns: [], source: '', faults: [], dates: null };
  const rows: RowResult[] = [];
  const counts = await importLeadFile(() => file.stream(), {
    ...asked,
    nats: deps.nats,
    file: file.name,
    headerRead(found) {
      header = found;
    },
    rowDone(result) {
      const isTold = result.result !== 'accepted' || result.notes.length > 0;
      if (isTold && rows.length < rowsShown) rows.push(result);
    },
  });
  if (!asked.dryRun) {
    const details = { file: file.name, ...counts };
    await audit(deps.postgres.sql, { action: 'import_leads', who: asked.who, reason: 'a file of leads', details });
  }
  return { file: file.name, dryRun: asked.dryRun, counts, header, rows };
}
