import { decideFault } from '@leadline/database/decide-fault';
import { traceRequests } from '@leadline/tracing/trace-requests';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import { secureHeaders } from 'hono/secure-headers';
import { assets } from './web/assets.ts';
import { auditRoutes } from './audit/routes.ts';
import { deadLetterRoutes } from './dead-letters/routes.ts';
import type { Deps } from './deps.ts';
import { doNotCallRoutes } from './do-not-call/routes.ts';
import { guard, type Env } from './web/guard.ts';
import { hotRoutes } from './hot/routes.ts';
import { importRoutes } from './import/routes.ts';
import { leadRoutes } from './leads/routes.ts';
import type { LiveEvents } from './live/live-events.ts';
import { liveRoutes } from './live/routes.ts';
import { loginRoutes } from './login/routes.ts';
import { minutesRoutes } from './minutes/routes.ts';
import { faultPage } from './web/fault.ts';
import type { Redrives } from './dead-letters/redrives.ts';
import { reachedRoutes } from './reached/routes.ts';
import { referenceRoutes } from './reference/routes.ts';
import { sourceRoutes } from './sources/routes.ts';
import { todayRoutes } from './today/routes.ts';

const maxBytes = 2 * 1024 * 1024;
/** The largest lead file that a page accepts. */
const maxFileBytes = 20 * 1024 * 1024;

/** The pages. All but the login page and the assets need a session. */
export function createApp(deps: Deps, live: LiveEvents, redrives: Redrives): Hono<Env> {
  const app = new Hono<Env>();
  app.use('*', traceRequests());
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        connectSrc: ["'self'"],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
      referrerPolicy: 'same-origin',
      xFrameOptions: 'DENY',
      strictTransportSecurity: deps.isSecure,
    }),
  );
  app.get('/assets/:file', (c) => {
    const asset = assets.get(c.req.path);
    if (asset === undefined) return c.notFound();
    return c.body(asset.body, 200, {
      'content-type': asset.contentType,
      'cache-control': 'public, max-age=31536000, immutable',
    });
  });
  const formLimit = bodyLimit({ maxSize: maxBytes });
  const fileLimit = bodyLimit({ maxSize: maxFileBytes });
  app.use((c, next) => (c.req.path === '/import' ? fileLimit : formLimit)(c, next));
  app.use(guard(deps));
  for (const routes of [
    loginRoutes(deps),
    todayRoutes(deps),
    hotRoutes(deps),
    minutesRoutes(deps),
    reachedRoutes(deps),
    leadRoutes(deps),
    liveRoutes(deps, live),
    sourceRoutes(deps),
    importRoutes(deps),
    deadLetterRoutes(deps, redrives),
    doNotCallRoutes(deps),
    auditRoutes(deps),
    referenceRoutes(deps),
  ])
    app.route('/', routes);

  app.notFound((c) => c.html(faultPage('Not found', 'There is no such page.'), 404));
  app.onError((error, c) => {
    if (error instanceof HTTPException)
      return c.html(faultPage('Not possible', error.message || 'This can not be done.'), error.status);
    if (decideFault(error) === 'outage') {
      deps.log.warn({ err: error, path: c.req.routePath }, 'a page waits for its database');
      return c.html(faultPage('Not just now', 'The database can not be asked. Try again soon.'), 503);
    }
    deps.log.error({ err: error, path: c.req.routePath }, 'a page could not be made');
    return c.html(faultPage('Out of order', 'The page could not be made. The service’s log says why.'), 500);
  });
  return app;
}
