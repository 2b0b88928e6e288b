import { allEvents } from '@leadline/contracts/events/all';
import { Hono, type Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { Deps } from '../deps.ts';
import { shownTo, type Env } from '../web/guard.ts';
import { passes, readMissed, readNewest, type EventFilter, type EventLine, type LiveEvents } from './live-events.ts';
import { eventItem, livePage } from './page.ts';
import { findSession } from '../accounts/sessions.ts';

const backFill = 200;
/** A proxy may close a stream that is silent for longer. We also notice an ended session at this interval. */
const heartbeatMs = 15_000;
const maxWaiting = 2_000;

export function liveRoutes(deps: Deps, live: LiveEvents): Hono<Env> {
  const app = new Hono<Env>();
  const types = allEvents.map(({ type }) => type).toSorted();
  app.get('/live', async (c) => {
    const filter = readFilter(c);
    return c.html(livePage(shownTo(c, deps), filter, await readNewest(deps, filter, backFill), types));
  });
  app.get('/live/stream', (c) => {
    const filter = readFilter(c);
    const { token } = c.get('session');
    // Today's page only needs to know that something happened, not what it missed.
    const quiet = c.req.query('quiet') !== undefined;
    c.header('x-accel-buffering', 'no');
    const last = Number(c.req.header('last-event-id') ?? Number.NaN);
    return streamSSE(c, async (stream) => {
      const waiting: EventLine[] = [];
      let isLookDue = false;
      let isOver = false;
      let wake = (): void => undefined;
      const end = (): void => {
        isOver = true;
        wake();
      };
      const stopListening = live.listen((event) => {
        if (!passes(event, filter)) return;
        waiting.push(event);
        if (waiting.length > maxWaiting) waiting.shift();
        wake();
      }, end);
      stream.onAbort(end);
      const heartbeat = setInterval(() => {
        isLookDue = true;
        wake();
      }, heartbeatMs);
      try {
        const goesOn = Number.isSafeInteger(last);
        const missed = goesOn ? await readMissed(deps, filter, last) : await readNewest(deps, filter, backFill);
        const sent = new Set(missed.map(({ id }) => id));
        // If newer events fill the page, an event that happened before all of them is not shown, even if it was stored
        // last.
        const oldest = goesOn || missed.length < backFill ? undefined : missed[0]?.at;
        const isNews = ({ id, at }: EventLine): boolean => !sent.has(id) && (oldest === undefined || at >= oldest);
        if (!quiet) for (const event of missed) await stream.writeSSE(await toMessage(event));
        while (!isOver) {
          for (let event = waiting.shift(); event !== undefined && !isOver; event = waiting.shift()) {
            if (isNews(event)) await stream.writeSSE(quiet ? happened : await toMessage(event));
          }
          if (isLookDue) {
            isLookDue = false;
            if ((await findSession(deps.postgres, token)) === undefined) return;
            await stream.write(': \n\n');
          }
          await new Promise<void>((resolve) => {
            wake = resolve;
            if (waiting.length > 0 || isLookDue || isOver) resolve();
          });
        }
      } finally {
        clearInterval(heartbeat);
        stopListening();
      }
    });
  });
  return app;
}

/** Tells a page to look for itself. Browsers ignore events without data. */
const happened = { event: 'event', data: '1' };

/** A browser that lost the connection sends the id of the last event it saw. */
async function toMessage(event: EventLine): Promise<{ event: string; data: string; id: string }> {
  return { event: 'event', data: String(await eventItem(event)).replaceAll('\n', ' '), id: String(event.no) };
}

function readFilter(c: Context): EventFilter {
  const lead = c.req.query('lead') ?? '';
  return {
    subject: c.req.query('subject') || undefined,
    source: c.req.query('source')?.trim() || undefined,
    leadId: /^[1-9]\d{0,8}$/.test(lead) ? Number(lead) : undefined,
    failedOnly: c.req.query('failed') === 'yes',
  };
}
