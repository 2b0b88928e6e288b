/**
 * All services, each with every spelling of its name. `key` is for places without hyphens, `role` is its Postgres
 * login, `outbox` its table of events to publish, `env` its part of a setting's name. Its NATS user has its name.
 */
export const services = [
  { name: 'ingest', key: 'ingest', role: 'leadline_ingest', outbox: 'ingest_outbox', env: 'INGEST' },
  {
    name: 'dispatcher',
    key: 'dispatcher',
    role: 'leadline_dispatcher',
    outbox: 'dispatcher_outbox',
    env: 'DISPATCHER',
  },
  {
    name: 'call-tracker',
    key: 'callTracker',
    role: 'leadline_call_tracker',
    outbox: 'call_tracker_outbox',
    env: 'CALL_TRACKER',
  },
  { name: 'crm-pusher', key: 'crmPusher', role: 'leadline_crm_pusher', outbox: 'crm_pusher_outbox', env: 'CRM_PUSHER' },
  // It publishes nothing.
  { name: 'dashboard', key: 'dashboard', role: 'leadline_dashboard', outbox: null, env: 'DASHBOARD' },
] as const;

export type Service = (typeof services)[number];
export type ServiceName = Service['name'];
/** A service's name as an object key. */
export type ServiceKey = Service['key'];
/** A service that publishes events through an outbox. */
export type PublishingService = Extract<Service, { outbox: string }>['name'];

/** A service that consumes events. Ingest does not. */
export type ConsumingService = Exclude<ServiceName, 'ingest'>;

export const serviceNames: readonly ServiceName[] = services.map(({ name }) => name);
export const publishingServices: readonly PublishingService[] = services.flatMap((service) =>
  service.outbox === null ? [] : [service.name],
);

/** One value for each service, by key. */
export function forEachService<T>(make: (service: Service) => T): Record<ServiceKey, T> {
  const [ingest, dispatcher, callTracker, crmPusher, dashboard] = services;
  return {
    ingest: make(ingest),
    dispatcher: make(dispatcher),
    callTracker: make(callTracker),
    crmPusher: make(crmPusher),
    dashboard: make(dashboard),
  };
}

/** The row of a service, by any of its spellings. */
export function serviceOf(spelling: ServiceName | ServiceKey): Service {
  const service = services.find(({ name, key }) => name === spelling || key === spelling);
  if (service === undefined) throw new Error(`there is no service ${spelling}`);
  return service;
}
