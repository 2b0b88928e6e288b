import { indianZone } from '@leadline/contracts/indian-time';
import { ReduceDataOptionsBuilder } from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  RowBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type Dashboard,
  type Threshold,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

const datasource = { type: 'prometheus', uid: '${datasource}' };

type Query = { expr: string; legend: string };
type Chart = { title: string; help: string; unit?: string; queries: Query[]; width?: number };

/**
 * Answers an operator's first questions: do we call people, how soon, do they answer, does the sales team get tasks.
 */
export function toDashboard(): Dashboard {
  const board = new DashboardBuilder('Leadline')
    .uid('leadline')
    .description('Leads, calls and tasks, and what they stand on. Built by deploy/grafana/generate.ts.')
    .tags(['leadline', 'generated'])
    .timezone(indianZone)
    .refresh('30s')
    .time({ from: 'now-6h', to: 'now' })
    .tooltip(DashboardCursorSync.Crosshair)
    .withVariable(new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'));

  let id = 0;
  for (const [row, panels] of rows) {
    board.withRow(new RowBuilder(row).id(++id));
    for (const panel of panels) board.withPanel(panel().id(++id));
  }
  return board.build();
}

function chart({ title, help, unit, queries, width = 8 }: Chart): () => TimeseriesBuilder {
  return () => {
    const panel = new TimeseriesBuilder().title(title).description(help).datasource(datasource).span(width).height(8);
    for (const { expr, legend } of queries) panel.withTarget(toQuery(expr, legend));
    return panel
      .min(0)
      .fillOpacity(8)
      .unit(unit ?? 'short');
  };
}

type Figure = { title: string; help: string; expr: string; unit: string; steps: Threshold[] };

/** One number with a colour: each of `steps` has a lowest value and its colour. */
function figure({ title, help, expr, unit, steps }: Figure): () => StatBuilder {
  return () =>
    new StatBuilder()
      .title(title)
      .description(help)
      .datasource(datasource)
      .span(4)
      .height(4)
      .unit(unit)
      .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
      .thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps))
      .withTarget(toQuery(expr, title));
}

function toQuery(expr: string, legend: string): DataqueryBuilder {
  return new DataqueryBuilder().datasource(datasource).expr(expr).legendFormat(legend);
}

const always: Threshold[] = [{ value: null, color: 'blue' }];
const goodAbove = (value: number): Threshold[] => [
  { value: null, color: 'red' },
  { value, color: 'green' },
];
const badFrom = (value: number): Threshold[] => [
  { value: null, color: 'green' },
  { value, color: 'red' },
];

const speed = (quantile: number): string =>
  `histogram_quantile(${quantile}, sum by (le) (rate(leadline_speed_to_lead_seconds_bucket{received="in_window"}[$__rate_interval])))`;

const rows: [title: string, panels: (() => StatBuilder | TimeseriesBuilder)[]][] = [
  [
    'Now',
    [
      figure({
        title: 'Call window',
        help: '1 while people may be rung',
        expr: 'max(leadline_call_window_open)',
        unit: 'bool_on_off',
        steps: always,
      }),
      figure({
        title: 'Stop switch',
        help: 'Somebody stopped all dialling',
        expr: 'max(leadline_dialling_stopped)',
        unit: 'bool_on_off',
        steps: badFrom(1),
      }),
      figure({
        title: 'Breaker',
        help: 'Open: only probes go out',
        expr: 'max(leadline_breaker_open)',
        unit: 'bool_on_off',
        steps: badFrom(1),
      }),
      figure({
        title: 'Leads due',
        help: 'New leads whose time has come',
        expr: 'max(leadline_leads_due)',
        unit: 'short',
        steps: always,
      }),
      figure({
        title: 'Dead letters, 24 h',
        help: 'Messages set aside',
        expr: 'sum(increase(leadline_messages_settled_total{outcome="dead_letter"}[24h]))',
        unit: 'short',
        steps: badFrom(1),
      }),
      figure({
        title: 'Services ready',
        help: 'Parts that are there, of all',
        expr: 'avg(leadline_ready)',
        unit: 'percentunit',
        steps: goodAbove(1),
      }),
    ],
  ],
  [
    'Leads',
    [
      chart({
        title: 'Deliveries',
        help: 'By outcome, a minute',
        queries: [
          {
            expr: 'sum by (outcome) (rate(leadline_deliveries_total[$__rate_interval])) * 60',
            legend: '{{outcome}}',
          },
        ],
      }),
      chart({
        title: 'Accepted by source',
        help: 'A minute',
        queries: [
          {
            expr: 'sum by (source) (rate(leadline_deliveries_total{outcome="accepted"}[$__rate_interval])) * 60',
            legend: '{{source}}',
          },
        ],
      }),
      chart({
        title: 'Answer to a delivery',
        help: 'From read to commit',
        unit: 's',
        queries: [0.5, 0.99].map((quantile) => ({
          expr: `histogram_quantile(${quantile}, sum by (le) (rate(leadline_accept_duration_seconds_bucket[$__rate_interval])))`,
          legend: `${quantile * 100} %`,
        })),
      }),
    ],
  ],
  [
    'Dialling',
    [
      chart({
        title: 'Speed to lead',
        help: 'From the lead written down to its first permit, for leads that came inside the window',
        unit: 's',
        queries: [
          { expr: speed(0.5), legend: 'half' },
          { expr: speed(0.9), legend: '90 %' },
        ],
      }),
      chart({
        title: 'Lines in use',
        help: 'Calls active against the cap',
        queries: [
          { expr: 'max(leadline_calls_active)', legend: 'in use' },
          { expr: 'max(leadline_calls_cap)', legend: 'cap' },
        ],
      }),
      chart({
        title: 'Oldest due lead',
        help: 'How long it has waited; high while window, stop switch, breaker or caps hold it back',
        unit: 's',
        queries: [{ expr: 'max(leadline_leads_overdue_seconds)', legend: 'oldest' }],
      }),
      chart({
        title: 'Dials',
        help: 'By what became of them, a minute',
        width: 12,
        queries: [
          { expr: 'sum by (result) (rate(leadline_dials_total[$__rate_interval])) * 60', legend: '{{result}}' },
        ],
      }),
      chart({
        title: 'Window, stop switch, breaker',
        help: '1: open, stopped, open',
        width: 12,
        queries: [
          { expr: 'max(leadline_call_window_open)', legend: 'window' },
          { expr: 'max(leadline_dialling_stopped)', legend: 'stopped' },
          { expr: 'max(leadline_breaker_open)', legend: 'breaker' },
        ],
      }),
    ],
  ],
  [
    'Calls',
    [
      chart({
        title: 'Answer rate',
        help: 'People who answered, of all phones that were dialled, over an hour',
        unit: 'percentunit',
        queries: [
          {
            expr: 'sum(increase(leadline_calls_ended_total{answered="yes"}[1h])) / sum(increase(leadline_calls_ended_total[1h]))',
            legend: 'answered',
          },
        ],
      }),
      chart({
        title: 'Calls by end',
        help: 'called: with answers; else why it failed; an hour',
        queries: [{ expr: 'sum by (as) (increase(leadline_calls_settled_total[1h]))', legend: '{{as}}' }],
      }),
      chart({
        title: 'Calls open and overdue',
        help: 'Not settled; and how long the most overdue one has waited',
        queries: [
          { expr: 'max(leadline_calls_open)', legend: 'open' },
          { expr: 'max(leadline_calls_overdue_seconds)', legend: 'overdue, s' },
        ],
      }),
    ],
  ],
  [
    'CRM',
    [
      chart({
        title: 'Requests by answer',
        help: 'A minute',
        queries: [
          {
            expr: 'sum by (answer) (rate(leadline_crm_requests_total[$__rate_interval])) * 60',
            legend: '{{answer}}',
          },
        ],
      }),
      chart({
        title: 'Request time',
        help: 'Nine in ten are faster',
        unit: 's',
        queries: [
          {
            expr: 'histogram_quantile(0.9, sum by (le) (rate(leadline_crm_request_seconds_bucket[$__rate_interval])))',
            legend: '90 %',
          },
        ],
      }),
      chart({
        title: 'Calls without a task',
        help: 'How many wait, how many were refused for good, how long the oldest has waited',
        queries: [
          { expr: 'max(leadline_crm_calls_waiting)', legend: 'waiting' },
          { expr: 'max(leadline_crm_pushes_failed)', legend: 'refused' },
          { expr: 'max(leadline_crm_oldest_waiting_seconds)', legend: 'oldest, s' },
        ],
      }),
    ],
  ],
  [
    'Messages',
    [
      chart({
        title: 'Outbox age',
        help: 'Age of the oldest event that is not published',
        unit: 's',
        queries: [
          { expr: 'max by (service) (leadline_outbox_oldest_seconds)', legend: '{{service}}' },
          { expr: 'max by (service) (leadline_outbox_failed) > 0', legend: '{{service}}: can never be published' },
        ],
      }),
      chart({
        title: 'Consumer lag',
        help: 'Messages not delivered and not settled yet',
        queries: [
          {
            expr: 'max by (durable) (leadline_consumer_pending + leadline_consumer_ack_pending)',
            legend: '{{durable}}',
          },
        ],
      }),
      chart({
        title: 'Settled',
        help: 'A minute; retries and dead letters are told apart',
        queries: [
          {
            expr: 'sum by (outcome) (rate(leadline_messages_settled_total[$__rate_interval])) * 60',
            legend: '{{outcome}}',
          },
        ],
      }),
    ],
  ],
  [
    'Processes',
    [
      chart({
        title: 'Ready',
        help: 'Parts of each service that are there',
        queries: [{ expr: 'min by (service, part) (leadline_ready)', legend: '{{service}} {{part}}' }],
      }),
      chart({
        title: 'Event loop, slowest 1 %',
        help: 'Half a second and more: too little CPU',
        unit: 's',
        queries: [{ expr: 'max by (service) (nodejs_eventloop_lag_p99_seconds)', legend: '{{service}}' }],
      }),
      chart({
        title: 'Memory',
        help: 'Resident',
        unit: 'bytes',
        queries: [{ expr: 'max by (service) (process_resident_memory_bytes)', legend: '{{service}}' }],
      }),
    ],
  ],
];
