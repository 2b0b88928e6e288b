import { connectAgent, type Agent } from '@leadline/agent-kit/connect-agent';
import type { reportedAnswers } from '@leadline/contracts/qualification';
import { jobMetadata } from '@leadline/contracts/job-metadata';
import { setTimeout as wait } from 'node:timers/promises';
import type { z } from 'zod';
import type { Leg } from './bridge.ts';
import { chance, type HeldFaults } from '../faults.ts';
import { modeOf, usualAnswers, type AgentBehaviour } from './outcome.ts';
import type { Dispatch, Participant } from './room.ts';
import type { Rooms } from './rooms.ts';
import { sid } from './sid.ts';

type Reported = z.infer<typeof reportedAnswers>;

/** The server notices a killed agent after this. */
const killedNoticedMs = 20_000;
/** A worker is out so long after the server has ended its job: after a cut line, and after an outage of Redis. */
const jobEndsMs = { drops: 17_000, loses_job: 15_000 };
/** The time after the answer at which an agent is lost. */
const lostAfterMs = 500;

export type VoiceAgents = {
  dispatched(dispatch: Dispatch): void;
  /** Workers without a name get the room too, where one runs. */
  anybodyMayCome(room: string): void;
  legChanged(leg: Leg): void;
  stop(): Promise<void>;
};

/**
 * Simulates the voice agent: joins each room that it is dispatched to, follows the phone leg, and reports over NATS.
 */
export function startVoiceAgents(options: {
  rooms: Rooms;
  timeFactor: number;
  nats: { url: string; user?: string; pass?: string } | undefined;
  /** The agent's behaviour in the number's next call. */
  nextBehaviour: (number: string) => AgentBehaviour;
  worker: () => Pick<HeldFaults, 'seed' | 'worker'>;
  /** Publishes a payload unchanged, even if it breaks the contract. */
  publishRaw: (subject: string, payload: unknown) => Promise<void>;
}): VoiceAgents {
  const { rooms, timeFactor } = options;
  const kit = options.nats === undefined ? undefined : connectAgent(options.nats);
  kit?.catch(() => undefined);
  const jobs = new Map<string, (leg: Leg) => void>();
  /** For an agent that comes to a talk which goes on already. */
  const legs = new Map<string, Leg>();
  const working = new Set<Promise<void>>();
  const stopping = new AbortController();
  const pause = (ms: number): Promise<void> => wait(ms / timeFactor, undefined, { signal: stopping.signal });

  const job = async (dispatch: Dispatch): Promise<void> => {
    const metadata = jobMetadata.safeParse(readJson(dispatch.metadata));
    if (!metadata.success) return;
    const { seed, worker } = options.worker();
    if (chance(seed, 'worker.full', dispatch.room) < worker.full) return;
    const { room: name, phone, callback: kept, now, takeover } = metadata.data;
    const startedAt = performance.now();
    // Its job tells the time: "in a minute" is a minute by that clock.
    const clock = (): number => (now === undefined ? Date.now() : Date.parse(now) + performance.now() - startedAt);
    const running = legs.get(name)?.outcome.agent;
    const { staysMs } = running ?? options.nextBehaviour(phone);
    const does = takeover === undefined ? options.nextBehaviour(phone).does : (running?.takeover ?? 'absent');
    if (does === 'absent') return;
    dispatch.taken = { jobId: sid('AJ'), atMs: Date.now() };
    const agent = await kit;
    await pause(worker.comesAfterMs);
    const room = rooms.find(name);
    if (room === undefined) return;
    const gone = Promise.withResolvers<'room_ended'>();
    const participant = rooms.join(room, {
      identity: `agent-${sid('AJ')}`,
      kind: 'AGENT',
      attributes: { 'lk.agent_name': dispatch.agentName },
      removed: (reason) => {
        if (reason !== 'DUPLICATE_IDENTITY') gone.resolve('room_ended');
      },
    });
    const call = listen(name, gone.promise);
    await agent?.ready(name);
    const messageLeft = metadata.data.messageLeft === true;
    const isCallback = kept !== undefined;
    const about = { name, phone, call, participant, messageLeft, clock, isCallback, takesOver: takeover !== undefined };
    await attend(agent, about);
    agent?.left(name);
    await Promise.race([pause(staysMs), gone.promise]);
    const present = room.participants.get(participant.identity) ?? participant;
    rooms.leave(room, present, 'CLIENT_INITIATED');
    if (jobs.get(name) === call.heard) jobs.delete(name);
  };

  /** An agent of somebody else, whose job has no metadata: it stays until the room's end and reports nothing. */
  const stranger = async (name: string): Promise<void> => {
    const { worker } = options.worker();
    if (!worker.unnamed) return;
    await pause(worker.comesAfterMs);
    const room = rooms.find(name);
    if (room !== undefined)
      rooms.join(room, { identity: `agent-${sid('AJ')}`, kind: 'AGENT', attributes: {}, removed: () => undefined });
  };
  const work = (doing: Promise<void>): void => {
    const attending: Promise<void> = doing.catch(() => undefined).finally(() => working.delete(attending));
    working.add(attending);
  };

  /** The leg's statuses in their order, and the room's end. */
  const listen = (name: string, roomEnded: Promise<'room_ended'>) => {
    const answered = Promise.withResolvers<Leg | undefined>();
    const left = Promise.withResolvers<void>();
    const heard = (leg: Leg): void => {
      if (leg.status() === 'active') answered.resolve(leg);
      if (leg.status() === 'left') {
        answered.resolve(undefined);
        left.resolve();
      }
    };
    jobs.set(name, heard);
    const running = legs.get(name);
    if (running !== undefined) heard(running);
    roomEnded.then(
      () => {
        answered.resolve(undefined);
        left.resolve();
      },
      () => undefined,
    );
    return { answered: answered.promise, left: left.promise, heard };
  };

  const attend = async (
    agent: Agent | undefined,
    {
      name,
      phone,
      call,
      participant,
      messageLeft,
      clock,
      isCallback,
      takesOver,
    }: {
      name: string;
      phone: string;
      call: { answered: Promise<Leg | undefined>; left: Promise<void> };
      participant: Participant;
      /** In an earlier attempt. */
      messageLeft: boolean;
      clock: () => number;
      isCallback: boolean;
      takesOver: boolean;
    },
  ): Promise<void> => {
    const leg = await call.answered;
    if (leg === undefined) return;
    const { agent: behaviour } = leg.outcome;
    const does = takesOver ? behaviour.takeover : behaviour.does;
    if (does === 'dies') {
      await pause(lostAfterMs);
      agent?.left(name);
      await pause(killedNoticedMs);
      const room = rooms.find(name);
      if (room !== undefined) rooms.leave(room, participant, 'CONNECTION_TIMEOUT');
      return;
    }
    if (does === 'drops' || does === 'loses_job') {
      await pause(lostAfterMs);
      const room = rooms.find(name);
      // The same agent with a new sid: the server takes its old job for ended.
      if (does === 'drops' && room !== undefined) rooms.join(room, participant);
      await Promise.race([pause(jobEndsMs[does]), call.left]);
      return;
    }
    const answeredAt = Date.now();
    const mode = behaviour.mode ?? modeOf(phone);
    const reports = (isCallback && behaviour.callback !== null ? undefined : behaviour.reports) ?? [
      { answers: usualAnswers(mode), afterMs: 0, timeShiftMs: 0, malformed: false },
    ];
    const telling = Promise.all(
      behaviour.answeredBy.map(async ({ category, afterMs }) => {
        await pause(100 + afterMs);
        const leaves = category === 'voicemail' && !messageLeft;
        await agent?.answeredBy(name, { category, afterMs, messageLeft: leaves });
      }),
    );
    const reporting = Promise.all(
      reports.map(async (report) => {
        await pause(200 + report.afterMs);
        // Without a readable room, the report belongs to no call.
        if (report.malformed) return options.publishRaw('agent.qualified', { room: 7, mode, qualification: {} });
        if (report.timeShiftMs === 0) return agent?.qualified(name, mode, report.answers);
        return reportAt(new Date(answeredAt + report.timeShiftMs), name, mode, report.answers);
      }),
    );
    if (behaviour.callback !== null && !isCallback) {
      const { inMs, keptBy } = behaviour.callback;
      const at = new Date(clock() + inMs / timeFactor);
      await agent?.callbackRequested(name, { words: 'in a moment', at, confirmed: true, keptBy });
    }
    if (behaviour.doNotCall || leg.outcome.talkMs === null) {
      // This agent says goodbye itself, and deletes its room.
      await pause(1_000);
      const room = rooms.find(name);
      const phoneLeg = room && [...room.participants.values()].find((other) => other.kind === 'SIP');
      if (behaviour.doNotCall && room !== undefined && phoneLeg !== undefined) {
        rooms.leave(room, phoneLeg, 'PARTICIPANT_REMOVED');
        phoneLeg.removed('PARTICIPANT_REMOVED');
      }
    }
    await call.left;
    await reporting;
    await telling;
    if (behaviour.silentEnd) return;
    await pause(behaviour.endedAfterMs);
    const callbackAt = behaviour.callbackAt === null ? null : new Date(behaviour.callbackAt);
    await agent?.ended(name, {
      by: behaviour.doNotCall ? 'agent' : 'callee',
      doNotCall: behaviour.doNotCall,
      callbackAt,
      disposition: behaviour.disposition,
      language: behaviour.language,
    });
  };

  /** Sends a report that states another time, over a connection with a clock of its own. */
  const reportAt = async (
    time: Date,
    name: string,
    mode: 'sarvam' | 'openai_realtime',
    answers: Reported,
  ): Promise<void> => {
    if (options.nats === undefined) return;
    const agent = await connectAgent({ ...options.nats, now: () => time });
    await agent.qualified(name, mode, answers);
    await agent.close();
  };

  return {
    dispatched(dispatch) {
      work(job(dispatch));
    },
    anybodyMayCome(room) {
      work(stranger(room));
    },
    legChanged(leg) {
      if (leg.status() === 'left') legs.delete(leg.room);
      else legs.set(leg.room, leg);
      jobs.get(leg.room)?.(leg);
    },
    async stop() {
      stopping.abort();
      for (const room of rooms.all()) rooms.remove(room);
      await Promise.race([Promise.all(working), wait(500)]);
      await kit?.then((agent) => agent.close()).catch(() => undefined);
    },
  };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
