import { servicesAccounts } from '@leadline/messaging/permissions';
import { duplicateWindowMs, durables, maxOfEach, streams, type DurableName } from '@leadline/messaging/topology';
import { maxDeliver } from '@leadline/messaging/provision';
import { parse, stringify } from 'yaml';
import { z } from 'zod';

/**
 * KEDA's limits, and the number of waiting messages for each replica. Each service keeps two replicas, so that one may
 * die.
 */
const scaled = {
  'call-tracker': { least: 2, most: 6, messagesEach: 100 },
  // All replicas together keep the CRM's limit.
  'crm-pusher': { least: 2, most: 4, messagesEach: 20 },
} as const;

/** Talking Shops' limit of requests a minute and tenant. */
const crmRequestsPerMinute = 100;

/** The official chart's headless service. A server's name in front of it addresses that server. */
const natsMonitor = 'nats-headless.leadline.svc.cluster.local:8222';

/**
 * The generated files below deploy/kubernetes: path and text. `alertRules` and `dashboard` are the texts of
 * deploy/alerts/leadline.rules.yaml and deploy/grafana/leadline.json.
 */
export function toGenerated(from: { alertRules: string; dashboard: string }): Record<string, string> {
  return {
    'components/keda/scaled-objects.yaml': toYaml(scaledObjects(), 'topology.ts'),
    'components/keda/crm-pusher.env': crmBudget(),
    'components/nack/streams.yaml': toYaml(streamResources(), 'topology.ts'),
    'components/nack/durables.yaml': toYaml(durableResources(), 'topology.ts'),
    'components/monitoring/prometheus-rule.yaml': toYaml([prometheusRule(from.alertRules)], 'deploy/alerts'),
    'components/monitoring/grafana-dashboard.yaml': toYaml([grafanaDashboard(from.dashboard)], 'deploy/grafana'),
  };
}

function toYaml(resources: object[], from: string): string {
  const texts = resources.map((resource) => stringify(resource, { lineWidth: 0 }));
  return `# Made from ${from}: node deploy/kubernetes/generate.ts\n${texts.join('---\n')}`;
}

function scaledObjects(): object[] {
  return Object.entries(scaled).map(([service, { least, most, messagesEach }]) => ({
    apiVersion: 'keda.sh/v1alpha1',
    kind: 'ScaledObject',
    metadata: { name: service },
    spec: {
      scaleTargetRef: { name: service },
      minReplicaCount: least,
      maxReplicaCount: most,
      pollingInterval: 15,
      cooldownPeriod: 300,
      triggers: eventDurablesOf(service).map((durable) => ({
        type: 'nats-jetstream',
        metadata: {
          natsServerMonitoringEndpoint: natsMonitor,
          account: servicesAccounts[0],
          stream: durables[durable].stream,
          consumer: durable,
          lagThreshold: String(messagesEach),
        },
      })),
    },
  }));
}

/** Each replica has a budget of its own, and a rollout runs one more replica. */
function crmBudget(): string {
  return `CRM_REQUESTS_PER_MINUTE=${Math.floor(crmRequestsPerMinute / (scaled['crm-pusher'].most + 1))}\n`;
}

function eventDurablesOf(service: string): DurableName[] {
  return durableNames().filter((name) => durables[name].service === service && durables[name].stream !== 'ADVISORIES');
}

function durableNames(): DurableName[] {
  return Object.keys(durables).filter((name): name is DurableName => name in durables);
}

function streamResources(): object[] {
  return Object.entries(streams).map(([name, stream]) => ({
    apiVersion: 'jetstream.nats.io/v1beta2',
    kind: 'Stream',
    metadata: { name: name.toLowerCase() },
    spec: {
      name,
      subjects: [...stream.subjects],
      retention: 'limits',
      storage: 'file',
      replicas: 3,
      discard: stream.discard,
      maxAge: `${stream.maxAgeMs / 3_600_000}h`,
      maxBytes: stream.maxBytes,
      maxMsgSize: stream.maxMessageBytes,
      maxMsgsPerSubject: maxOfEach(stream),
      duplicateWindow: `${duplicateWindowMs / 3_600_000}h`,
      preventDelete: true,
    },
  }));
}

function durableResources(): object[] {
  return durableNames().map((name) => {
    const durable = durables[name];
    return {
      apiVersion: 'jetstream.nats.io/v1beta2',
      kind: 'Consumer',
      metadata: { name },
      spec: {
        streamName: durable.stream,
        durableName: name,
        deliverPolicy: 'all',
        ackPolicy: 'explicit',
        ackWait: `${durable.ackWaitMs / 1_000}s`,
        maxDeliver: maxDeliver(durable),
        maxAckPending: durable.maxAckPending,
        filterSubjects: [...durable.filters],
        preventDelete: true,
      },
    };
  });
}

function prometheusRule(alertRules: string): object {
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'leadline' },
    spec: z.looseObject({ groups: z.array(z.unknown()) }).parse(parse(alertRules)),
  };
}

/** Grafana's chart loads every ConfigMap with this label. */
function grafanaDashboard(dashboard: string): object {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'grafana-leadline', labels: { grafana_dashboard: '1' } },
    data: { 'leadline.json': dashboard },
  };
}
