import { toHeaders } from '@leadline/contracts/envelope';
import type { EventContract } from '@leadline/contracts/event';
import { anyAgentReport } from '@leadline/contracts/event-facts';
import { agentAlive } from '@leadline/contracts/events/agent-alive';
import { agentAnsweredBy } from '@leadline/contracts/events/agent-answered-by';
import { agentCallbackRequested } from '@leadline/contracts/events/agent-callback-requested';
import { agentEnded } from '@leadline/contracts/events/agent-ended';
import { agentQualified } from '@leadline/contracts/events/agent-qualified';
import { agentReady } from '@leadline/contracts/events/agent-ready';
import type { AgentMode } from '@leadline/contracts/qualification';
import { toAnswers } from '@leadline/contracts/to-answers';
import { context, propagation } from '@opentelemetry/api';
import { connect, headers as newHeaders, NatsError } from 'nats';
import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';

export type EndedBy = 'callee' | 'agent' | 'error';

/** How the call ended. You may pass on whatever a language model wrote: Leadline reads each field by itself. */
export type End = {
  by: EndedBy;
  /** `true`, or a model's words: "yes", "haan". */
  doNotCall?: boolean | string | number | null;
  /** When to call back: a time, ISO 8601 text (Indian time without an offset), or the person's words. */
  callbackAt?: Date | string | null;
  /** What became of the talk: `interested`, `wrong_number` … */
  disposition?: string | null;
  /** The language that the person wants to be spoken to: the next attempt is told of it. */
  language?: string | null;
};

/** Who or what took the call, as far as the agent can tell. LiveKit's AMD categories may be handed on as they are. */
export type AnsweredBy = {
  /** `human`, `voicemail`, `ivr`, `screener`, `announcement` or `uncertain`, which counts as a person. */
  category: string;
  /** How long after the answer the agent knew. */
  afterMs?: number | null;
  /** Why, in words of the detector. It is forgotten with the person. */
  detail?: string | null;
  /** A message was left. Leave none where the job's `messageLeft` is true. */
  messageLeft?: boolean;
};

/** A buyer's wish to be called back. You may pass on whatever a language model wrote. */
export type Callback = {
  /** The time in the buyer's words. */
  words?: string | null;
  /** The instant, from `resolveWhen`; without one Leadline reads the words. */
  at: Date | string | null;
  precision?: string;
  /** The time was read back to the person, who agreed. */
  confirmed?: boolean | string | null;
  askedBy?: string;
  /** `person`: a task in the CRM is due then, and Leadline does not dial. */
  keptBy?: string;
};

export type Agent = {
  /**
   * The agent is in the room and has read its job: the phone may ring now. From here to `ended` or `left` the kit says every
   * 5 s that the agent is alive, so that another one is sent within seconds if this process dies.
   */
  ready(room: string): Promise<void>;
  /** Who took the call. Send it again when you learn better: the latest counts. */
  answeredBy(room: string, answerer: AnsweredBy): Promise<void>;
  /**
   * What the agent has learnt so far. Send it again whenever it learns more: keys are merged, and a later report
   * corrects.
   */
  qualified(room: string, mode: AgentMode, answers: Readonly<Record<string, unknown>>): Promise<void>;
  /** The buyer asked to be called back. The latest request of a call counts. */
  callbackRequested(room: string, callback: Callback): Promise<void>;
  /** The agent's last report on a call. */
  ended(room: string, end: End): Promise<void>;
  /** The agent leaves the room without a last report. */
  left(room: string): void;
  /** Waits for reports in progress, then disconnects. Call it when the process ends, not after each job. */
  close(): Promise<void>;
};

/** An unknown mode is a mistake in the agent's code, so it fails at the first call. */
const knownMode = agentQualified.schema.pick({ mode: true });

const aliveEachMs = 5_000;

const maxAnswerBytes = 200_000;
/** A character takes at most four bytes, or six as an escape in JSON. */
const fitting = { maxCharacters: 30_000 };

/**
 * Connects a voice agent as the NATS user that may report on calls and nothing else. Connect when the process starts
 * and keep the connection, because a job's end leaves little time. Each report resolves once it is stored, and is
 * repeated until then, through lost connections and restarts of the server; repeats are harmless.
 */
export async function connectAgent(options: {
  url: string;
  user?: string;
  pass?: string;
  /** The clock for reports; tests shift it. */
  now?: () => Date;
}): Promise<Agent> {
  const connection = await connect({
    servers: options.url.split(','),
    name: 'voice-agent',
    ...(options.user === undefined ? {} : { user: options.user, inboxPrefix: `_INBOX_${options.user}` }),
    ...(options.pass === undefined ? {} : { pass: options.pass }),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 500,
    waitOnFirstConnect: true,
    pingInterval: 10_000,
    ignoreAuthErrorAbort: true,
  });
  const now = options.now ?? ((): Date => new Date());
  const onTheirWay = new Set<Promise<void>>();
  let closing = false;

  const report = (contract: EventContract, payload: { room: string } & Record<string, unknown>): Promise<void> => {
    const { room } = payload;
    anyAgentReport.parse(payload);
    // Fix the message here, when the agent calls, so that all repeats are the same message.
    const data = JSON.stringify(payload);
    const time = now();
    const id = `${room}:${contract.type}:${time.toISOString()}:${createHash('sha256').update(data).digest('hex').slice(0, 16)}`;
    const headers = newHeaders();
    const envelope = { id, type: contract.type, source: 'voice-agent', subject: room, time };
    for (const [name, value] of Object.entries(toHeaders(envelope))) headers.set(name, value);
    // An agent that continues its job's traceparent with OpenTelemetry appears in the call's trace.
    propagation.inject(context.active(), headers, { set: (carrier, name, value) => carrier.set(name, value) });
    const sending = (async () => {
      for (let pauseMs = 200; ; pauseMs = Math.min(pauseMs * 2, 2_000)) {
        try {
          await connection.jetstream().publish(contract.type, data, { msgID: id, headers, timeout: 3_000 });
          return;
        } catch (error) {
          if (closing || connection.isClosed() || isPermanent(error)) throw error;
          await wait(pauseMs * (0.5 + Math.random() / 2));
        }
      }
    })();
    const tracked = sending.catch(() => undefined).finally(() => onTheirWay.delete(tracked));
    onTheirWay.add(tracked);
    return sending;
  };

  const beating = new Map<string, NodeJS.Timeout>();
  const beat = (room: string): void => {
    // A beat that comes late is worth nothing: it is neither kept nor repeated.
    if (connection.isClosed()) return;
    try {
      connection.publish(agentAlive.type, JSON.stringify({ room }));
    } catch {
      // The next one is due in a moment.
    }
  };
  const stopBeating = (room: string): void => {
    clearInterval(beating.get(room));
    beating.delete(room);
  };
  const startBeating = (room: string): void => {
    stopBeating(room);
    beating.set(room, setInterval(() => beat(room), aliveEachMs).unref());
    beat(room);
  };

  return {
    ready(room) {
      startBeating(room);
      return report(agentReady, { room });
    },
    left: stopBeating,
    answeredBy: (room, answerer) => report(agentAnsweredBy, { room, ...answerer }),
    qualified: (room, mode, answers) =>
      report(agentQualified, { room, ...knownMode.parse({ mode }), qualification: toFitting(answers) }),
    callbackRequested: (room, { words, at, ...callback }) =>
      report(agentCallbackRequested, { room, words: words ?? null, at, ...callback }),
    ended(room, end) {
      stopBeating(room);
      return report(agentEnded, {
        room,
        endedBy: end.by,
        doNotCall: end.doNotCall ?? false,
        // An invalid Date becomes null in JSON.
        callbackAt: end.callbackAt ?? null,
        // Left out of the JSON where there is none.
        disposition: end.disposition ?? undefined,
        language: end.language ?? undefined,
      });
    },
    async close() {
      for (const room of beating.keys()) stopBeating(room);
      const late = new AbortController();
      await Promise.race([
        Promise.all(onTheirWay),
        wait(8_000, undefined, { signal: late.signal }).catch(() => undefined),
      ]);
      late.abort();
      closing = true;
      await connection.close();
    },
  };
}

/** Keeps as many answers as fit: the stream accepts 256 KB a message. */
function toFitting(answers: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Buffer.byteLength(JSON.stringify(answers)) < maxAnswerBytes ? answers : toAnswers(answers, fitting).answers;
}

function isPermanent(error: unknown): boolean {
  return error instanceof NatsError && ['400', 'MAX_PAYLOAD_EXCEEDED', 'PERMISSIONS_VIOLATION'].includes(error.code);
}
