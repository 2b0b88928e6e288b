import { noteFields } from '@leadline/contracts/to-agent-report';
import { createMessagingMetrics } from '@leadline/messaging/messaging-metrics';
import { openRegistry } from '@leadline/service-kit/open-registry';
import { Counter, Gauge } from 'prom-client';

export type Metrics = ReturnType<typeof createMetrics>;

/** The tracker's own numbers; labels hold closed lists only. */
export function createMetrics() {
  const registry = openRegistry('call-tracker');
  const registers = [registry];
  const metrics = {
    registry,
    messaging: createMessagingMetrics(registry, 'call-tracker'),
    settled: new Counter({
      name: 'leadline_calls_settled_total',
      help: 'Calls by what they became: called, or a failure reason',
      labelNames: ['as'],
      registers,
    }),
    ended: new Counter({
      name: 'leadline_calls_ended_total',
      help: 'Dials that ended, by whether a person answered; put-back ones are not among them',
      labelNames: ['answered'],
      registers,
    }),
    lateAnswers: new Counter({
      name: 'leadline_late_answers_total',
      help: 'Answers that came after their call had ended, by the status they met',
      labelNames: ['status'],
      registers,
    }),
    unknownAnswerKeys: new Counter({
      name: 'leadline_unknown_answer_keys_total',
      help: 'Answers under keys that their mode does not name; kept all the same',
      labelNames: ['mode'],
      registers,
    }),
    reportFields: new Counter({
      name: 'leadline_agent_report_fields_total',
      help: 'Fields of agents’ reports that could not be taken as they came: dropped, cut, guessed, or kept as words',
      labelNames: ['field', 'outcome'],
      registers,
    }),
    outsideTimes: new Counter({
      name: 'leadline_outside_times_dropped_total',
      help: 'Times from outside that can not be read or are not between 2000 and 2099, by who sent them',
      labelNames: ['from'],
      registers,
    }),
    erasedReports: new Counter({
      name: 'leadline_erased_reports_total',
      help: 'Reports that came after their person was erased: only a wish was taken of them',
      registers,
    }),
    webhooks: new Counter({
      name: 'leadline_livekit_webhooks_total',
      help: 'Webhooks of LiveKit with a signature that holds',
      registers,
    }),
    numbersHeld: new Gauge({
      name: 'leadline_numbers_held_by_reports',
      help: 'Calls whose number is not rung because their last report could not be handled and nobody has looked yet',
      registers,
    }),
    stepsWithoutAgent: new Counter({
      name: 'leadline_steps_without_agent_total',
      help: 'Overdue calls decided without reports of their agent, because handling those had failed again and again',
      registers,
    }),
    inputs: new Counter({
      name: 'leadline_call_inputs_total',
      help: 'What was heard of calls, by kind and by what became of it',
      labelNames: ['kind', 'outcome'],
      registers,
    }),
    looks: new Counter({
      name: 'leadline_livekit_looks_total',
      help: 'Looks at a leg in LiveKit, by what they showed',
      labelNames: ['seen'],
      registers,
    }),
    stops: new Counter({
      name: 'leadline_legs_stopped_total',
      help: 'Rooms that LiveKit was asked to end, by its answer',
      labelNames: ['answer'],
      registers,
    }),
    takeovers: new Counter({
      name: 'leadline_takeovers_total',
      help: 'Further agents for talks whose agent was lost: sent for, come, or not to be sent for',
      labelNames: ['outcome'],
      registers,
    }),
    open: new Gauge({ name: 'leadline_calls_open', help: 'Calls that are not settled', registers }),
    overdue: new Gauge({
      name: 'leadline_calls_overdue_seconds',
      help: 'How long the most overdue call has waited to be settled or looked at',
      registers,
    }),
  };
  // Start each counter at 0: Prometheus sees no increase in a counter that first appears with its first event.
  for (const answered of ['yes', 'no']) metrics.ended.inc({ answered }, 0);
  metrics.inputs.inc({ kind: 'webhook', outcome: 'refused' }, 0);
  metrics.webhooks.inc(0);
  for (const field of noteFields) metrics.reportFields.inc({ field, outcome: 'dropped' }, 0);
  for (const from of ['agent', 'livekit']) metrics.outsideTimes.inc({ from }, 0);
  for (const outcome of ['sent', 'came', 'failed']) metrics.takeovers.inc({ outcome }, 0);
  metrics.erasedReports.inc(0);
  metrics.stepsWithoutAgent.inc(0);
  return metrics;
}
