/**
 * Who may use a route. `public`: anyone who reaches the port. `inside`: nothing personal or secret in it, but the admin
 * port belongs inside the cluster. `bearer`: a key in the Authorization header. `signature`: LiveKit's, over the bytes.
 * `session`: whoever has logged in. `operator`: the same, of that role. A session's POST needs its form's token too.
 * `token`: in the address itself; without a known one there is nothing there.
 */
type Access = 'public' | 'inside' | 'bearer' | 'signature' | 'session' | 'operator' | 'token';

export type Route = { service: string; method: string; path: string; access: Access };

const route = (service: string, method: string, path: string, access: Access): Route => ({
  service,
  method,
  path,
  access,
});

/** Every route that a service of ours answers; a test compares it with those in the code, and knocks at each. */
export const routes: readonly Route[] = [
  route('ingest', 'POST', '/v1/leads', 'bearer'),
  route('ingest', 'POST', '/v1/leads/batch', 'bearer'),
  route('ingest', 'GET', '/v1/leads/:id', 'bearer'),
  route('ingest', 'GET', '/v1/sources/:source/:token', 'token'),
  route('ingest', 'POST', '/v1/sources/:source/:token', 'token'),
  route('ingest', 'OPTIONS', '/v1/sources/:source/:token', 'public'),
  route('ingest', 'GET', '/openapi.json', 'public'),
  route('call-tracker', 'POST', '/webhooks/livekit', 'signature'),
  route('call-tracker', 'POST', '/v1/reports', 'bearer'),
  route('call-tracker', 'POST', '/v1/when', 'bearer'),
  route('dispatcher', 'GET', '/v1/dialling', 'bearer'),
  route('dispatcher', 'POST', '/v1/dialling/stop', 'bearer'),
  route('dispatcher', 'POST', '/v1/dialling/start', 'bearer'),
  route('dashboard', 'GET', '/assets/:file', 'public'),
  route('dashboard', 'GET', '/login', 'public'),
  route('dashboard', 'POST', '/login', 'public'),
  route('dashboard', 'GET', '/login/sso', 'public'),
  route('dashboard', 'GET', '/login/sso/callback', 'public'),
  route('dashboard', 'POST', '/logout', 'session'),
  route('dashboard', 'GET', '/', 'session'),
  route('dashboard', 'GET', '/today.json', 'session'),
  route('dashboard', 'POST', '/dialling/stop', 'operator'),
  route('dashboard', 'POST', '/dialling/start', 'operator'),
  route('dashboard', 'GET', '/hot', 'session'),
  route('dashboard', 'GET', '/hot.csv', 'session'),
  route('dashboard', 'GET', '/reached', 'session'),
  route('dashboard', 'GET', '/reached.csv', 'session'),
  route('dashboard', 'GET', '/minutes', 'session'),
  route('dashboard', 'GET', '/minutes.json', 'session'),
  route('dashboard', 'GET', '/minutes.csv', 'session'),
  route('dashboard', 'GET', '/leads', 'session'),
  route('dashboard', 'POST', '/leads', 'session'),
  route('dashboard', 'GET', '/leads/:id{[1-9][0-9]{0,8}}', 'session'),
  route('dashboard', 'POST', '/leads/:id{[1-9][0-9]{0,8}}/call-again', 'operator'),
  route('dashboard', 'GET', '/live', 'session'),
  route('dashboard', 'GET', '/live/stream', 'session'),
  route('dashboard', 'GET', '/sources', 'session'),
  route('dashboard', 'GET', '/sources/deliveries/:id{[0-9a-f-]{36}}', 'session'),
  route('dashboard', 'POST', '/sources/deliveries/:id{[0-9a-f-]{36}}/correct', 'operator'),
  route('dashboard', 'GET', '/import', 'session'),
  route('dashboard', 'POST', '/import', 'operator'),
  route('dashboard', 'GET', '/dead-letters', 'session'),
  route('dashboard', 'GET', '/dead-letters/:seq{[1-9][0-9]{0,15}}', 'session'),
  route('dashboard', 'POST', '/dead-letters/:seq{[1-9][0-9]{0,15}}/redrive', 'operator'),
  route('dashboard', 'POST', '/dead-letters/redrive', 'operator'),
  route('dashboard', 'GET', '/redrives/:id{[0-9a-f-]{36}}', 'session'),
  route('dashboard', 'GET', '/do-not-call', 'session'),
  route('dashboard', 'POST', '/do-not-call/look-up', 'operator'),
  route('dashboard', 'POST', '/do-not-call/add', 'operator'),
  route('dashboard', 'POST', '/do-not-call/remove', 'operator'),
  route('dashboard', 'POST', '/do-not-call/import', 'operator'),
  route('dashboard', 'GET', '/audit', 'session'),
  route('dashboard', 'GET', '/reference/events', 'session'),
  route('dashboard', 'GET', '/reference/commands', 'session'),
  route('dashboard', 'GET', '/reference/http', 'session'),
  route('dashboard', 'GET', '/asyncapi.json', 'session'),
  route('dashboard', 'GET', '/openapi.json', 'session'),
  // Of every service's admin port.
  route('service-kit', 'GET', '/livez', 'inside'),
  route('service-kit', 'GET', '/readyz', 'inside'),
  route('service-kit', 'GET', '/metrics', 'inside'),
];

/** Where we open a connection of our own, and where its address comes from: never from what somebody sent. */
export const outbound: Readonly<Record<string, string>> = {
  'packages/agent-kit/src/connect-agent.ts': 'NATS, as the agent is configured',
  'packages/messaging/src/connection/connect.ts': 'NATS_URL',
  'packages/telephony/src/livekit.ts': 'LIVEKIT_URL',
  'packages/telephony/src/server-version.ts': 'LIVEKIT_URL of the command line',
  'services/crm-pusher/src/crm-client.ts': 'CRM_URL',
  'services/dashboard/src/reference/routes.ts': 'INGEST_URL',
  'services/dashboard/src/accounts/single-sign-on.ts': 'OIDC_ISSUER, and what that tells of itself',
  'services/ingest/src/polls/fetch-named-leads.ts': 'META_GRAPH_URL',
  'services/ingest/src/polls/fetch-page.ts': 'INDIAMART_URL, TRADEINDIA_URL, EXPORTERSINDIA_URL',
};
