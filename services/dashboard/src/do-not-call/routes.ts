import { addDoNotCall, findDoNotCall, removeDoNotCall } from '@leadline/contracts/commands/do-not-call';
import { ask, CommandRefused } from '@leadline/messaging/ask';
import { Hono, type Context } from 'hono';
import { z } from 'zod';
import { audit } from '../audit/audit.ts';
import type { Deps } from '../deps.ts';
import { carryOut, operatorOnly, readForm, reasonField, shownTo, tellAt, type Env } from '../web/guard.ts';
import { doNotCallPage } from './page.ts';

const phoneField = { phone: z.string().trim().min(1, 'is missing').max(100) };
const maxLines = 20_000;
const importedAtOnce = 8;

/** Forms carry the numbers, never addresses. */
export function doNotCallRoutes(deps: Deps): Hono<Env> {
  const app = new Hono<Env>();
  app.get('/do-not-call', (c) => c.html(doNotCallPage(shownTo(c, deps))));
  app.post('/do-not-call/look-up', operatorOnly, async (c) => {
    const { phone } = await readForm(c, z.object(phoneField));
    const shown = shownTo(c, deps);
    try {
      const found = await ask(deps.nats, findDoNotCall, { phone });
      return c.html(doNotCallPage(shown, { phone, found }));
    } catch (error) {
      const text = error instanceof Error ? error.message : 'It could not be looked up.';
      return c.html(doNotCallPage({ ...shown, notice: { kind: 'refused', text } }), 422);
    }
  });
  const change = async (c: Context<Env>, verb: 'add' | 'remove'): Promise<Response> => {
    const { phone, reason } = await readForm(c, z.object({ ...phoneField, ...reasonField }));
    const asked = { phone, reason, who: c.get('session').user.name };
    return carryOut(c, deps, '/do-not-call', async () => {
      await ask(deps.nats, verb === 'add' ? addDoNotCall : removeDoNotCall, asked);
      return verb === 'add' ? 'The number will not be called any more.' : 'The number may be called again.';
    });
  };
  app.post('/do-not-call/add', operatorOnly, (c) => change(c, 'add'));
  app.post('/do-not-call/remove', operatorOnly, (c) => change(c, 'remove'));
  app.post('/do-not-call/import', operatorOnly, async (c) => {
    const { numbers, file, reason } = await readForm(
      c,
      z.object({ numbers: z.string().max(1_000_000).default(''), file: z.instanceof(File).optional(), ...reasonField }),
    );
    const text = `${numbers}\n${file === undefined ? '' : await file.text()}`;
    const lines = [...new Set(text.split(/[\r\n]+/).map((line) => line.trim()))].filter((line) => line !== '');
    if (lines.length === 0 || lines.length > maxLines) {
      const refusal = lines.length === 0 ? 'The list holds no number.' : `Send at most ${maxLines} numbers at once.`;
      return tellAt(c, deps, '/do-not-call', { kind: 'refused', text: refusal });
    }
    const who = c.get('session').user.name;
    return carryOut(c, deps, '/do-not-call', async () => {
      const refused = await importNumbers(deps, lines, { who, reason });
      await audit(deps.postgres.sql, {
        action: 'import_do_not_call',
        who,
        reason,
        details: { added: lines.length - refused.length, refused: refused.length },
      });
      const added = `${lines.length - refused.length} numbers are on the list.`;
      if (refused.length === 0) return added;
      const places = refused.slice(0, 10).map((place) => `${place + 1}`);
      return `${added} ${refused.length} lines hold no Indian mobile number, the first at ${places.join(', ')}.`;
    });
  });
  return app;
}

/**
 * Leaves numbers that are on the list as they are.
 * @returns the places of lines that hold no number
 */
async function importNumbers(
  deps: Deps,
  lines: readonly string[],
  by: { who: string; reason: string },
): Promise<number[]> {
  const refused: number[] = [];
  for (let start = 0; start < lines.length; start += importedAtOnce) {
    await Promise.all(
      lines.slice(start, start + importedAtOnce).map(async (phone, place) => {
        try {
          await ask(deps.nats, addDoNotCall, { phone: phone.slice(0, 100), ...by });
        } catch (error) {
          if (!(error instanceof CommandRefused)) throw error;
          refused.push(start + place);
        }
      }),
    );
  }
  return refused.toSorted((a, b) => a - b);
}
