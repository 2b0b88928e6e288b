import { blameFor } from '@leadline/messaging/blame';
import { answerProblem } from '@leadline/service-kit/problem';
import { traceRequests } from '@leadline/tracing/trace-requests';
import { openWebhookReceiver } from '@leadline/telephony/webhook-receiver';
import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { whenRoutes } from './answer-when.ts';
import type { Config } from './config.ts';
import type { Deps } from './deps.ts';
import { liveKitWebhooks } from './on-livekit-webhook.ts';
import { reportRoutes } from './receive-reports.ts';

/** The HTTP routes: LiveKit's webhooks, agents' reports, and agents' questions about times. */
export function createApp(config: Config, deps: Deps): Hono {
  const receive = openWebhookReceiver([{ apiKey: config.LIVEKIT_API_KEY, apiSecret: config.LIVEKIT_API_SECRET }]);
  const app = new Hono();
  app.use('*', traceRequests());
  app.route('/', liveKitWebhooks(receive, deps));
  app.route('/', reportRoutes(config.AGENT_KEY, deps));
  app.route('/', whenRoutes(config.AGENT_KEY, deps));
  app.onError((error, c) => {
    if (error instanceof HTTPException) return error.getResponse();
    const elsewhere = blameFor(error) === 'elsewhere';
    deps.log[elsewhere ? 'warn' : 'error']({ err: error, path: c.req.path }, 'a request could not be served');
    const status = elsewhere ? 503 : 500;
    const title = elsewhere ? 'The database is not there; try again soon' : 'Internal fault';
    return answerProblem(c, { title, status });
  });
  return app;
}
